import type { ReplicaSet, Rollout, RolloutStatus } from '../model/argo.generated.ts';
import { deepEqual, diffMergePatch } from '../model/patch.ts';
import { countText } from '../model/text.ts';
import { desiredOf, nameOf, podHashOf } from '../model/workload.ts';
import type { Touched } from '../simulate/shadow.ts';
import { isSameButCounts, isUnseen } from './pendingChanges.ts';

/** A write Serin would make, in words. `minor`: it only counts pods anew, or words a state anew. */
export type Change = { text: string; minor?: true };

/** The API server's own account of an object is no change to it. */
const serverFields = { generation: null, resourceVersion: null, managedFields: null };

export function changesOf(touched: Touched[]): Change[] {
  return touched.flatMap((each) => {
    if (each.kind === 'Rollout') return rolloutChanges(each.before ?? {}, each.after ?? {});
    if (each.kind === 'ReplicaSet') return replicaSetChanges(each.before, each.after);
    const name = `${each.kind} ${nameOf(each.after ?? each.before ?? {})}`;
    if (!each.after) return [{ text: `${each.kind === 'Pod' ? 'evict' : 'delete'} ${name}` }];
    if (!each.before) return [{ text: `create ${name}` }];
    return fieldsText(each.before ?? {}, each.after).map((text) => ({ text: `${name}: ${text}` }));
  });
}

/** A ReplicaSet made for a template that has one already, and that the last controller has dealt with. */
export function isRemade(rollout: Rollout, replicaSets: ReplicaSet[], touched: Touched[]): boolean {
  const known = replicaSets.some((set) => podHashOf(set) === rollout.status?.currentPodHash);
  const makes = touched.some(({ kind, before }) => kind === 'ReplicaSet' && before === undefined);
  return makes && known && !isUnseen(rollout);
}

function replicaSetChanges(
  before: ReplicaSet | undefined,
  after: ReplicaSet | undefined,
): Change[] {
  const name = `ReplicaSet ${nameOf(after ?? before ?? {})}`;
  if (!after) return [{ text: `delete ${name}` }];
  const size = desiredOf(after);
  if (!before) return [{ text: `create ${name} with ${countText(size, 'pod')}` }];
  const scaling =
    desiredOf(before) === size ? [] : [`scale ${name} from ${desiredOf(before)} to ${size}`];
  const sized = { ...after, spec: { ...after.spec, replicas: desiredOf(before) } };
  const others = fieldsText(before, sized).map((text) => `${name}: ${text}`);
  return [...scaling, ...others].map((text) => ({ text }));
}

function rolloutChanges(before: Rollout, after: Rollout): Change[] {
  const { status: old = {}, ...rest } = before;
  const { status = {}, ...written } = after;
  const minor = isSameButCounts(old, status) ? { minor: true as const } : {};
  return [
    ...fieldsText(rest, written).map((text) => ({ text })),
    ...statusText(old, status).map((text) => ({ text, ...minor })),
  ];
}

function statusText(before: RolloutStatus, after: RolloutStatus): string[] {
  const { conditions: old = [], ...rest } = before;
  const { conditions = [], ...written } = after;
  const fields = fieldsText(rest, written).map((text) => `status.${text}`);
  const types = new Set([...old, ...conditions].map(({ type }) => type));
  const said = [...types].flatMap((type) => {
    const [was, is] = [old, conditions].map((list) => list.find((each) => each.type === type));
    if (deepEqual(was, is)) return [];
    if (!is) return [`condition ${type} goes`];
    return was?.status === is.status && was?.reason === is.reason
      ? [`condition ${type} is said anew: ${is.message}`]
      : [`condition ${type} becomes ${is.status}, ${is.reason}`];
  });
  return [...fields, ...said];
}

/** Each field that differs: with both values where they are short, by its path alone otherwise. */
function fieldsText(before: object, after: object): string[] {
  const [old, written] = [before, after].map(withoutServerFields);
  const patch = diffMergePatch(old ?? {}, written ?? {});
  return patch === undefined ? [] : leaves(patch, old, '');
}

function withoutServerFields(object: object): object {
  const { metadata, ...rest } = object as { metadata?: object };
  if (metadata === undefined) return rest;
  const kept = Object.entries(metadata).filter(([field]) => !(field in serverFields));
  return { ...rest, metadata: Object.fromEntries(kept) };
}

function leaves(patch: object, before: unknown, path: string): string[] {
  return Object.entries(patch).flatMap(([field, value]) => {
    const old = (before as { [field: string]: unknown } | undefined)?.[field];
    const name = path === '' ? field : `${path}.${field}`;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return leaves(value, old, name);
    }
    return [`${spoken(name)} ${shown(old)} → ${shown(value)}`];
  });
}

/** The names of annotations and labels have dots of their own. */
function spoken(path: string): string {
  return path.replace(/^metadata\.(annotation|label)s\./, '$1 ');
}

const shownMax = 60;

function shown(value: unknown): string {
  if (value === undefined || value === null) return '(none)';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text || "''";
}
