import { defined } from '../lib/model/defined.ts';
import { isRecord } from '../lib/model/gotypes.ts';
import { type Kind, kindNames, rowOf, workloadKinds } from '../lib/model/kinds.ts';
import { rolloutApiVersion, serverMetadata } from '../lib/model/names.ts';
import { nearestName } from '../lib/model/nearest.ts';
import { templateKinds } from '../server/apply.ts';

// Which objects of a manifest are meant for Serin. Kinds of one name are many: a Rollout may be one of
// OpenKruise's, a Service one of Knative's.

const meantKinds = ['Rollout', 'Service', ...templateKinds, ...workloadKinds] as const;
export type MeantKind = (typeof meantKinds)[number];
const argoGroup = rowOf('Rollout').group;

/** All kinds of the group, which the other projects of Argo share. */
const argoKinds: string[] = [
  ...kindNames.filter((kind) => rowOf(kind).group === argoGroup),
  ...['Application', 'ApplicationSet', 'AppProject'],
  ...['Workflow', 'WorkflowTemplate', 'ClusterWorkflowTemplate', 'CronWorkflow'],
  ...['WorkflowEventBinding', 'WorkflowTaskSet', 'WorkflowTaskResult', 'WorkflowArtifactGCTask'],
  ...['EventBus', 'EventSource', 'Sensor'],
];

/** `seen` names what is passed over. What routers read is not judged by itself, and needed all the same. */
export type Meaning =
  | { kind: MeantKind }
  | { seen: string; ofRouters?: Kind }
  | { fault: { path: string; message: string } };

export function meaningOf(value: unknown): Meaning {
  if (!isRecord(value)) return { seen: 'something that is no object' };
  const { apiVersion, kind } = value;
  const isArgos = typeof apiVersion === 'string' && groupOf(apiVersion) === argoGroup;
  if (typeof kind !== 'string' || kind === '') {
    const fault = { path: 'kind', message: 'is missing; did you mean Rollout?' };
    return isArgos ? { fault } : { seen: 'an object without a kind' };
  }
  const group = typeof apiVersion === 'string' ? groupOf(apiVersion) : undefined;
  const known = meantKind(kind, group);
  if (known !== undefined) return { kind: known };
  if (kind === 'Rollout' && isRolloutsGroup(group)) {
    const message = `must be ${rolloutApiVersion}, not ${JSON.stringify(apiVersion)}`;
    return { fault: { path: 'apiVersion', message } };
  }
  const near = isArgos || group === undefined ? nearestName(kind, argoKinds) : undefined;
  if (near !== undefined && near !== kind) {
    const message = `is no kind of ${argoGroup}: ${kind}; did you mean ${near}?`;
    return { fault: { path: 'kind', message } };
  }
  const seen = typeof apiVersion === 'string' ? `${kind} of ${apiVersion}` : kind;
  const ofRouters = group === undefined ? undefined : routerKind(kind, group);
  return { seen, ...defined({ ofRouters }) };
}

/** Of whatever version: the API server makes each of another. */
function routerKind(name: string, group: string): Kind | undefined {
  return kindNames.find((kind) => {
    const row = rowOf(kind);
    return row.ofRouters === true && (row.kind ?? kind) === name && row.group === group;
  });
}

function meantKind(kind: string, group: string | undefined): MeantKind | undefined {
  const known = meantKinds.find((each) => each === kind);
  // Without an apiVersion it cannot be another's; what is missing is said when it is judged.
  return known !== undefined && (group ?? rowOf(known).group) === rowOf(known).group
    ? known
    : undefined;
}

/** A group that stands for Argo's by mistake: none at all, or one that is misspelt. */
function isRolloutsGroup(group: string | undefined): boolean {
  return group === '' || nearestName(group ?? '', [argoGroup]) !== undefined;
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** The objects of a list, as `kubectl get -o yaml` prints them; undefined for anything else. */
export function itemsOf(value: unknown): unknown[] | undefined {
  if (!isRecord(value) || typeof value.kind !== 'string' || !value.kind.endsWith('List')) {
    return undefined;
  }
  const { apiVersion, items } = value;
  const kind = value.kind.slice(0, -'List'.length);
  const isOfAny = kind === '' && apiVersion === 'v1';
  const meaning = meaningOf({ apiVersion, kind });
  if (!isOfAny && !('kind' in meaning || 'ofRouters' in meaning)) return undefined;
  if (!Array.isArray(items)) return [];
  // The API leaves out of a list of one kind what each of its objects is.
  return items.map((item) => (isRecord(item) && !isOfAny ? { apiVersion, kind, ...item } : item));
}

/** Older servers wrote a link too. */
const leftAside = [...serverMetadata, 'selfLink'];

/** A live object without what the API server wrote into it: what somebody would apply. */
export function withoutServerFields<T extends object>(object: T): T {
  const { status: _, ...written } = object as { status?: unknown; metadata?: unknown };
  const { metadata } = written;
  if (!isRecord(metadata)) return written as T;
  const kept = Object.entries(metadata).filter(([field]) => !leftAside.includes(field));
  return { ...written, metadata: Object.fromEntries(kept) } as T;
}
