import type { Fault } from '../../lib/decide/release/validate.ts';
import { newReplicaSet } from '../../lib/decide/replicaSets/revision.ts';
import { Terminal, Transient } from '../../lib/errors.ts';
import type { Judge, Objection } from '../../lib/kubernetes/dryRun.ts';
import type { ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import { podTemplateHash } from '../../lib/model/hash.ts';
import { withoutNulls } from '../../lib/model/nulls.ts';
import { besides, soundPart } from '../../lib/model/structure.ts';
import { isDnsLabel } from '../../lib/model/syntax.ts';
import { CliError, exitCodes, usageError } from '../exit.ts';
import { plain } from '../text.ts';
import { ownVersion } from '../version.ts';

export type ClusterOptions = { kubeconfig?: string; context?: string; namespace: string };

/** What a cluster has against a Rollout, beside what is known to be wrong with it. */
export type Verdict = (value: object, known: Fault[]) => Promise<Fault[]>;

/** Asks the cluster of a kubeconfig; without one there is nothing to ask. */
export async function verdictOf(options: ClusterOptions): Promise<Verdict | undefined> {
  const { kubeconfig, context, namespace } = options;
  if (kubeconfig === undefined) {
    if (context === undefined) return undefined;
    throw usageError('--context is of a kubeconfig', 'Name its file with --kubeconfig.');
  }
  // Loads what is not needed without a cluster.
  const { contextOf } = await import('../../lib/kubernetes/kubeconfig.ts');
  const { judgeOf } = await import('../../lib/kubernetes/dryRun.ts');
  const judge = await told(async () => {
    const { signIn } = contextOf(kubeconfig, context);
    return judgeOf({ signIn, userAgent: `serin/${ownVersion()}` });
  });
  return async (value, known) => {
    const faults = await told(async () => await faultsBy(judge, value, namespace));
    return besides(faults, known);
  };
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Terminal || error instanceof Transient)) throw error;
    const hint =
      'A dry run takes the right to create rollouts and replicasets, and writes neither. Without ' +
      '--kubeconfig, manifests are checked without a cluster.';
    throw new CliError(plain(error.message), { exitCode: exitCodes.unreachable, hint });
  }
}

async function faultsBy(judge: Judge, value: object, otherwise: string): Promise<Fault[]> {
  const sound = soundPart('Rollout', withoutNulls(value)) as Rollout;
  const namespace = sound.metadata?.namespace || otherwise;
  // Of a namespace that cannot be, no cluster can be asked.
  if (!isDnsLabel(namespace)) return [];
  const ofRollout = await judge('Rollout', namespace, value as Rollout);
  // The definition of a Rollout says little of its template: the rest shows in its ReplicaSet.
  const hasOwn = sound.spec?.template !== undefined && !sound.spec.workloadRef;
  const ofReplicaSet = hasOwn
    ? await judge('ReplicaSet', namespace, firstReplicaSet(sound, namespace))
    : [];
  const seen = new Set(ofRollout.map(({ path }) => path));
  return [
    ...ofRollout.map(faultOf),
    ...ofReplicaSet
      .map(({ path, message }) => ({ path: pathInRollout(path), message }))
      .filter(({ path }) => !seen.has(path))
      .map(faultOf),
  ];
}

function faultOf({ path, message }: Objection): Fault {
  return { path, message: `is refused by the cluster: ${message}` };
}

/** As it will be made, but nobody's: the Rollout need not be there. */
function firstReplicaSet(rollout: Rollout, namespace: string): ReplicaSet {
  const { metadata, spec } = rollout;
  const name = metadata?.name || `${metadata?.generateName || 'rollout-'}x`;
  const named = { ...rollout, metadata: { ...metadata, name, namespace } };
  const set = newReplicaSet(named, podTemplateHash(spec?.template), 1);
  const { ownerReferences: _, ...own } = set.metadata ?? {};
  return { ...set, metadata: own };
}

/** Where a ReplicaSet has something from. */
function pathInRollout(path: string): string {
  return path.replace(/^metadata\.labels/, 'spec.template.metadata.labels');
}
