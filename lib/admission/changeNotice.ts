import type { RolloutStrategy } from '../model/argo.generated.ts';
import type { Key } from '../model/key.ts';
import { type Kind, kindNames, rowOf } from '../model/kinds.ts';
import { instanceIdLabel } from '../model/names.ts';
import { deepEqual } from '../model/patch.ts';
import type { LedgerKind } from '../model/record.ts';
import { type Change, isDriven, itself } from '../queue/keys.ts';
import type { Before } from '../world.ts';
import type { Admission, AdmittedObject } from './review.ts';

/** The group that Serin's access entry puts it into: infra/cluster/doorbell/webhook.yaml leaves it out. */
const ownGroup = 'serin:controller';

/** The resources that can concern a rollout, by group and name: what routers have besides. */
const kinds: Record<string, string> = {
  ...Object.fromEntries(kindNames.filter((kind) => rowOf(kind).ofRouters).map(resourceOf)),
  '/services': 'Service',
  'argoproj.io/rollouts': 'Rollout',
  'argoproj.io/analysisruns': 'AnalysisRun',
  'argoproj.io/experiments': 'Experiment',
  'apps/replicasets': 'ReplicaSet',
  'apps/deployments': 'Deployment',
  '/podtemplates': 'PodTemplate',
  'batch/jobs': 'Job',
};

function resourceOf(kind: Kind): [resource: string, kind: Kind] {
  const { group, plural } = rowOf(kind);
  return [`${group}/${plural}`, kind];
}

/** Which objects a notice is about: those that it names, or the rollouts that refer to an object. */
export type Concern = { keys: Key[] } | { namespace: string; referTo: Change };

/** What a notice tells. A hint and no more: nothing of it becomes state. */
export type ChangeNotice = {
  concern: Concern;
  kind: string;
  /** The object before the write, to know when that shows. */
  before?: Omit<Before, 'looks'>;
  /** Which transitions of the ledger its author may have caused. */
  explains: LedgerKind[];
};

/** Whether the write is Serin's own. The group takes an access entry; a manager's name takes nothing. */
export function isOwn({ userInfo }: Pick<Admission, 'userInfo'>): boolean {
  return userInfo.groups?.includes(ownGroup) ?? false;
}

/** What a notice tells of rollouts of this instance; undefined if nothing. */
export function changeNotice(
  admission: Admission,
  { cluster, instanceId }: { cluster: string; instanceId: string },
): ChangeNotice | undefined {
  const { group, resource } = admission.resource;
  const kind = kinds[`${group}/${resource}`];
  const change = kind === undefined ? undefined : changeOf(admission, kind);
  if (kind === undefined || change === undefined) return undefined;
  if (isDriven(kind) && !isOfInstance(admission, instanceId)) return undefined;
  const concern = concernOf(change, cluster);
  if (concern === undefined) return undefined;
  const before = beforeOf(admission);
  return { concern, kind, ...(before && { before }), explains: explains(admission, kind) };
}

function changeOf(admission: Admission, kind: string): Change | undefined {
  const { operation, object, oldObject, namespace } = admission;
  if (operation === 'CONNECT') return undefined;
  const type = ({ CREATE: 'ADDED', UPDATE: 'MODIFIED', DELETE: 'DELETED' } as const)[operation];
  const known = operation === 'DELETE' ? oldObject : object;
  const name = admission.name || known?.metadata.name;
  if (!known || !namespace || !name) return undefined;
  // Go's JSON form and ours are one.
  const named = (each: AdmittedObject): Change['object'] =>
    ({ ...each, kind, metadata: { ...each.metadata, namespace, name } }) as Change['object'];
  return {
    ...{ type, kind, object: named(known) },
    ...(operation === 'UPDATE' && oldObject && { before: named(oldObject) }),
  };
}

/** One that changes from one instance to another concerns both. A Scale has no labels of the object. */
function isOfInstance(admission: Admission, instanceId: string): boolean {
  if (admission.subResource === 'scale') return true;
  return [admission.object, admission.oldObject].some(
    (each) => each && (each.metadata.labels?.[instanceIdLabel] ?? '') === instanceId,
  );
}

function concernOf(change: Change, cluster: string): Concern | undefined {
  const { namespace = '' } = change.object.metadata ?? {};
  const keys = itself(change, cluster);
  if (keys === 'referrers') return { namespace, referTo: change };
  return keys.length > 0 ? { keys } : undefined;
}

function beforeOf({ operation, object, oldObject }: Admission): ChangeNotice['before'] {
  if (operation === 'CREATE') {
    const uid = object?.metadata.uid;
    return uid ? { uid, resourceVersion: '' } : undefined;
  }
  const { uid, resourceVersion } = oldObject?.metadata ?? {};
  return uid && resourceVersion ? { uid, resourceVersion } : undefined;
}

type Part = Record<string, unknown>;

function explains(admission: Admission, kind: string): LedgerKind[] {
  const { operation, subResource, object, oldObject } = admission;
  if (operation === 'DELETE') return [];
  const [before, after]: [Part, Part] = [oldObject?.spec ?? {}, object?.spec ?? {}];
  const isNew = (field: string): boolean => !deepEqual(before[field], after[field]);
  if (kind === 'Deployment' || kind === 'ReplicaSet') return isNew('template') ? ['revision'] : [];
  if (kind === 'PodTemplate') return ['revision'];
  if (kind !== 'Rollout') return [];
  if (operation === 'CREATE') return ['revision'];
  if (subResource === 'scale') return ['scaled'];
  if (subResource === 'status')
    return explainsStatus(oldObject?.status ?? {}, object?.status ?? {});
  const isPaused = after.paused === true;
  return [
    ...(isNew('template') || isNew('workloadRef') ? ['revision' as const] : []),
    ...(deepEqual(stepsIn(before), stepsIn(after)) ? [] : ['steps' as const]),
    ...(isPaused !== (before.paused === true)
      ? [isPaused ? ('paused' as const) : ('resumed' as const)]
      : []),
    ...(isNew('replicas') ? ['scaled' as const] : []),
    ...(isNew('restartAt') ? ['restarted' as const] : []),
  ];
}

/** The steps, and the strategy they belong to; of one without any an empty list is as good as none. */
function stepsIn({ strategy }: Part): object {
  const { canary, blueGreen } = (strategy ?? {}) as RolloutStrategy;
  const { steps } = canary ?? {};
  return { isBlueGreen: Boolean(blueGreen), steps: steps?.length ? steps : [] };
}

/**
 * As the plugin promotes, aborts and retries.
 * argo v1.10.1 pkg/kubectl-argo-rollouts/cmd/promote/promote.go
 */
function explainsStatus(before: Part, after: Part): LedgerKind[] {
  const [wasAborted, isAborted] = [before.abort === true, after.abort === true];
  const isPauseOver = isPausedIn(before) && !isPausedIn(after);
  const isStepOn = after.currentStepIndex !== before.currentStepIndex;
  // Of an aborted one too.
  const isFull = after.promoteFull === true && before.promoteFull !== true;
  return [
    ...(isAborted && !wasAborted ? ['aborted' as const] : []),
    ...(wasAborted && !isAborted ? ['retried' as const] : []),
    ...(isFull || ((isPauseOver || isStepOn) && !isAborted) ? ['promoted' as const] : []),
  ];
}

function isPausedIn({ pauseConditions }: Part): boolean {
  return Array.isArray(pauseConditions) && pauseConditions.length > 0;
}
