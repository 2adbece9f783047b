import { isDeepStrictEqual } from 'node:util';
import { Terminal, Transient } from '../../lib/errors.ts';
import type { Judge, Objection } from '../../lib/kubernetes/dryRun.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { withoutNulls } from '../../lib/model/nulls.ts';
import { besides, soundPart } from '../../lib/model/structure.ts';
import { isDnsLabel } from '../../lib/model/syntax.ts';
import type { Env } from '../../server/dataFolder.ts';
import { CliError, exitCodes } from '../exit.ts';
import { contextIn, type KubeconfigOptions, namesCluster } from '../kubeconfig.ts';
import { plain } from '../text.ts';
import { ownUserAgent } from '../version.ts';
import type { NamedFaults } from './namedObjects.ts';
import { replicaSetsOf } from './replicaSets.ts';

export type ClusterOptions = KubeconfigOptions & { namespace?: string };

/** What a cluster has against a Rollout of these manifests, beside what is known to be wrong with it. */
export type Verdict = (
  value: object,
  known: FieldError[],
  manifests: readonly unknown[],
) => Promise<NamedFaults>;

/** Asks the cluster of a kubeconfig; without one there is nothing to ask. */
export async function verdictOf(options: ClusterOptions, env: Env): Promise<Verdict | undefined> {
  if (!namesCluster(options)) return undefined;
  // Loads what is not needed without a cluster.
  const { judgeOf } = await import('../../lib/kubernetes/dryRun.ts');
  const { kubernetesCluster } = await import('../../lib/kubernetes/kubernetes.ts');
  const { namedFaults } = await import('./namedObjects.ts');
  const { judge, cluster, namespace } = await told(async () => {
    const { signIn, namespace = 'default' } = contextIn(options, env);
    const credentials = { signIn, userAgent: ownUserAgent() };
    return {
      namespace: options.namespace ?? namespace,
      judge: judgeOf(credentials),
      cluster: kubernetesCluster({ ...credentials, doorbell: false }),
    };
  });
  return async (value, known, manifests) => {
    const sound = soundIn(value, namespace);
    // Of a namespace that cannot be, no cluster can be asked.
    if (!isDnsLabel(sound.metadata?.namespace ?? '')) return { faults: [], notes: [] };
    const faults = besides(await told(async () => await faultsBy(judge, value, sound)), known);
    // What a faulty spec names is not known.
    if (known.length > 0) return { faults, notes: [] };
    const named = await told(async () => await namedFaults(cluster, sound, manifests));
    return { faults: [...faults, ...named.faults], notes: named.notes };
  };
}

function soundIn(value: object, otherwise: string): Rollout {
  const sound = soundPart('Rollout', withoutNulls(value)) as Rollout;
  const namespace = sound.metadata?.namespace || otherwise;
  return { ...sound, metadata: { ...sound.metadata, namespace } };
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

async function faultsBy(judge: Judge, value: object, sound: Rollout): Promise<FieldError[]> {
  const { namespace = '' } = sound.metadata ?? {};
  const ofRollout = await judge('Rollout', namespace, value as Rollout);
  // The definition of a Rollout says little of its template: the rest shows in its ReplicaSets.
  const hasOwn = sound.spec?.template !== undefined && !sound.spec.workloadRef;
  const ofSets = hasOwn ? await objectionsToSets(judge, sound, namespace) : [];
  const seen = new Set(ofRollout.map(({ path }) => path));
  return [...ofRollout, ...ofSets.filter(({ path }) => !seen.has(path))].map(faultOf);
}

function faultOf({ path, message }: Objection): FieldError {
  return { path, message: `is refused by the cluster: ${message}` };
}

/** Of its ReplicaSet in either role. For what is said of one alone, the metadata of its role is to blame. */
async function objectionsToSets(
  judge: Judge,
  rollout: Rollout,
  namespace: string,
): Promise<Objection[]> {
  const said: { role?: string; objections: Objection[] }[] = [];
  for (const { set, ...role } of replicaSetsOf(rollout, namespace)) {
    said.push({ ...role, objections: await judge('ReplicaSet', namespace, set) });
  }
  const isOfAll = (objection: Objection) =>
    said.every(({ objections }) => objections.some((each) => isDeepStrictEqual(each, objection)));
  return said.flatMap(({ role, objections }, index) =>
    objections
      .filter((each) => index === 0 || !isOfAll(each))
      .map((each) => ({
        ...each,
        path: pathInRollout(each.path, isOfAll(each) ? undefined : role),
      })),
  );
}

/** Where a ReplicaSet has something from: from the metadata of a role, if that is to blame. */
function pathInRollout(path: string, role: string | undefined): string {
  const inTemplate = path.replace(/^metadata\.labels/, 'spec.template.metadata.labels');
  if (role === undefined) return inTemplate;
  return inTemplate.replace(/^(spec\.template\.)?metadata\.(?=labels|annotations)/, `${role}.`);
}
