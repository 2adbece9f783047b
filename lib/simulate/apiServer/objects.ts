import { Conflict, NotFound, Terminal } from '../../errors.ts';
import { parseSelector, selects } from '../../kubernetes/selectors.ts';
import type { ObjectMeta } from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import {
  apiVersionOf,
  type Kind,
  type Kinds,
  kindNames,
  resourceNameOf,
  rowOf,
} from '../../model/kinds.ts';
import { serverMetadata } from '../../model/names.ts';
import { applyMergePatch, deepEqual } from '../../model/patch.ts';
import type { MergePatch } from '../../model/plan.ts';
import { fromTime, minuteMs, toTime } from '../../model/units.ts';
import type { Clock, SelectorText } from '../../world.ts';
import type { Random } from '../random.ts';
import { type AnyObject, admitted, admittedStatus } from './admission.ts';
import { frozenCopy } from './frozen.ts';
import { managedBy, type Writer } from './managedFields.ts';

/** Something was written. `before` is what it was, `writer` who did it. */
export type Change = {
  [K in Kind]: {
    type: 'ADDED' | 'MODIFIED' | 'DELETED';
    kind: K;
    object: Kinds[K];
    before?: Kinds[K];
    writer: Writer;
  };
}[Kind];
export type Listener = (change: Change) => void;

type Target = { namespace: string; name: string; uid?: string; resourceVersion?: string };

/**
 * What etcd and the API server are to a cluster: the objects, deeply frozen, and the rules of
 * writing them. Everything here happens at once; who calls adds the time it takes.
 */
export type Objects = {
  get: <K extends Kind>(kind: K, namespace: string, name: string) => Kinds[K];
  find: <K extends Kind>(kind: K, namespace: string, name: string) => Kinds[K] | undefined;
  list: <K extends Kind>(kind: K, namespace: string, selector?: SelectorText) => Kinds[K][];
  create: <K extends Kind>(kind: K, object: Kinds[K], options: WriteOptions) => Kinds[K];
  patch: <K extends Kind>(
    kind: K,
    target: Target,
    patch: MergePatch,
    options: PatchOptions,
  ) => Kinds[K];
  /** Writes an object a controller has read just now, past admission. */
  replace: <K extends Kind>(kind: K, object: Kinds[K], writer: Writer) => Kinds[K];
  remove: (kind: Kind, target: Target, writer: Writer) => void;
  /** Ends a pod whose time of grace is over. */
  erase: (kind: Kind, target: Target, writer: Writer) => void;
  watch: (listener: Listener) => () => void;
};

type WriteOptions = { writer: Writer; dryRun?: boolean };
type PatchOptions = { writer: Writer; subresource?: 'status' | 'scale' };

const eventLifeMs = 60 * minuteMs;
/** Metadata that no patch changes. */
const serverFields = ['name', 'namespace', ...serverMetadata];

type State = {
  clock: Clock;
  random: Random;
  objects: ReadonlyMap<Kind, Map<string, AnyObject>>;
  listeners: Set<Listener>;
  version: number;
};

export function objectStore(clock: Clock, random: Random): Objects {
  const state: State = {
    clock,
    random,
    objects: new Map(kindNames.map((kind) => [kind, new Map()])),
    listeners: new Set(),
    version: 1000,
  };
  // The maps hold only what was admitted as that kind.
  const typed = <K extends Kind>(_kind: K, object: AnyObject): Kinds[K] => object as Kinds[K];
  return {
    get: (kind, namespace, name) => typed(kind, found(state, kind, { namespace, name })),
    find: (kind, namespace, name) => {
      const object = kept(state, kind).get(`${namespace}/${name}`);
      return object === undefined ? undefined : typed(kind, object);
    },
    list: (kind, namespace, selector) =>
      listed(state, kind, namespace, selector).map((object) => typed(kind, object)),
    create: (kind, object, options) =>
      typed(kind, create(state, kind, frozenCopy(object) as AnyObject, options)),
    patch: (kind, target, patch, options) =>
      typed(kind, patched(state, kind, target, frozenCopy(patch), options)),
    replace: (kind, object, writer) => {
      const before = found(state, kind, { ...nameOf(object as AnyObject) });
      return typed(kind, put(state, kind, frozenCopy(object) as AnyObject, { before, writer }));
    },
    remove: (kind, target, writer) => remove(state, kind, target, writer),
    erase: (kind, target, writer) => erase(state, kind, found(state, kind, target), writer),
    watch: (listener) => {
      state.listeners.add(listener);
      return () => state.listeners.delete(listener);
    },
  };
}

function kept({ objects }: State, kind: Kind): Map<string, AnyObject> {
  return objects.get(kind) ?? new Map();
}

function nameOf(object: AnyObject): { namespace: string; name: string } {
  const { namespace = 'default', name = '' } = (object.metadata ?? {}) as ObjectMeta;
  return { namespace, name };
}

function keyOf(object: AnyObject): string {
  const { namespace, name } = nameOf(object);
  return `${namespace}/${name}`;
}

/** The object, if it is the very one the caller means. */
function found(state: State, kind: Kind, target: Target): AnyObject {
  const plural = resourceNameOf(kind);
  const object = kept(state, kind).get(`${target.namespace}/${target.name}`);
  if (object === undefined) throw new NotFound(`${plural} "${target.name}" not found`);
  const { uid, resourceVersion } = object.metadata ?? {};
  const { uid: wantedUid = uid, resourceVersion: wantedVersion = resourceVersion } = target;
  if (wantedUid !== uid) {
    throw new Conflict(`${plural} "${target.name}": uid is ${uid}, not ${wantedUid}`);
  }
  if (wantedVersion !== resourceVersion) {
    throw new Conflict(
      `${plural} "${target.name}": the object has been modified; ` +
        `version is ${resourceVersion}, not ${wantedVersion}`,
    );
  }
  return object;
}

function listed(
  state: State,
  kind: Kind,
  namespace: string,
  selector: SelectorText | undefined,
): AnyObject[] {
  const terms = parseSelector(selector ?? '');
  return [...kept(state, kind)]
    .filter(
      ([, object]) =>
        (namespace === '' || nameOf(object).namespace === namespace) &&
        selects(terms, (object.metadata as ObjectMeta | undefined)?.labels ?? {}),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, object]) => object);
}

function create(state: State, kind: Kind, given: AnyObject, options: WriteOptions): AnyObject {
  const {
    name,
    generateName,
    namespace = 'default',
    ...meta
  } = (given.metadata ?? {}) as ObjectMeta;
  const plural = resourceNameOf(kind);
  const hasStatus = rowOf(kind).subresources.includes('status');
  if (meta.resourceVersion) throw new Terminal('resourceVersion is not to be set on create');
  const metadata = {
    ...given.metadata,
    name: name ?? (generateName && `${generateName}${state.random.suffix(5)}`),
    namespace,
  };
  const { status, ...rest } = given;
  const object = admitted(kind, { ...(hasStatus ? rest : given), metadata });
  if (kept(state, kind).has(keyOf(object))) {
    throw new Conflict(`${plural} "${metadata.name}" already exists`);
  }
  const now = toTime(state.clock.now());
  const created = {
    ...object,
    metadata: {
      ...without(object.metadata ?? {}, serverMetadata),
      uid: state.random.uuid(),
      creationTimestamp: now,
      ...(rowOf(kind).hasGeneration ? { generation: 1 } : {}),
    },
    ...(kind === 'Pod' ? { status: { phase: 'Pending', qosClass: 'BestEffort' } } : {}),
  };
  if (options.dryRun) return frozenCopy(created);
  if (kind === 'Event') dropOldEvents(state);
  return put(state, kind, created, { before: undefined, writer: options.writer });
}

function patched(
  state: State,
  kind: Kind,
  target: Target,
  patch: MergePatch,
  { writer, subresource }: PatchOptions,
): AnyObject {
  const { uid, resourceVersion } = (patch.metadata ?? {}) as ObjectMeta;
  const before = found(state, kind, {
    ...defined({ uid, resourceVersion }),
    ...target,
  });
  const plural = resourceNameOf(kind);
  const hasStatus = rowOf(kind).subresources.includes('status');
  if (subresource !== undefined && !hasStatus) {
    throw new NotFound(`${plural} "${target.name}" has no subresource ${subresource}`);
  }
  const after = mergedInto(kind, before, patch, subresource);
  const by = subresource === undefined ? writer : { ...writer, subresource };
  return put(state, kind, after, { before, writer: by });
}

function mergedInto(
  kind: Kind,
  before: AnyObject,
  patch: MergePatch,
  subresource: PatchOptions['subresource'],
): AnyObject {
  const merged = applyMergePatch(before, patch);
  if (subresource === 'status') {
    return admittedStatus(kind, withField(before, 'status', merged.status));
  }
  if (subresource === 'scale') {
    const { replicas } = merged.spec ?? {};
    if (!rowOf(kind).subresources.includes('scale')) throw new NotFound(`${kind} has no scale`);
    if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0) {
      throw new Terminal('spec.replicas: Invalid value: must be a whole number, at least 0');
    }
    return { ...before, spec: { ...before.spec, replicas } };
  }
  const { name } = merged.metadata ?? {};
  if (name !== before.metadata?.name) {
    throw new Terminal('the name of the object does not match the name on the URL');
  }
  const kept = Object.fromEntries(
    serverFields.flatMap((field) => {
      const value = before.metadata?.[field];
      return value === undefined ? [] : [[field, value]];
    }),
  );
  const metadata = { ...without(merged.metadata ?? {}, serverFields), ...kept };
  const after = { ...merged, metadata };
  const status = rowOf(kind).subresources.includes('status') ? before.status : merged.status;
  return withField(admitted(kind, withField(after, 'status', undefined), before), 'status', status);
}

function withField(object: AnyObject, field: 'status', value: AnyObject['status']): AnyObject {
  const { [field]: _replaced, ...rest } = object;
  return value === undefined ? rest : { ...rest, [field]: value };
}

function without(object: object, fields: readonly string[]): { [field: string]: unknown } {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)));
}

type Origin = { before: AnyObject | undefined; writer: Writer };

/** Stores a new state of an object; one that changes nothing leaves its version as it was. */
function put(state: State, kind: Kind, after: AnyObject, { before, writer }: Origin): AnyObject {
  if (before !== undefined && deepEqual(before, after)) return before;
  state.version += 1;
  const managedFields = managedBy(writer, {
    before,
    after,
    apiVersion: apiVersionOf(kind),
    at: state.clock.now(),
  });
  const bumped = before !== undefined && rowOf(kind).hasGeneration && !hasEqualSpec(before, after);
  const stored: AnyObject = frozenCopy({
    ...after,
    metadata: {
      ...after.metadata,
      resourceVersion: String(state.version),
      ...(bumped ? { generation: Number(before.metadata?.generation ?? 0) + 1 } : {}),
      ...(managedFields.length > 0 ? { managedFields } : {}),
    },
  });
  const isLeaving = stored.metadata?.deletionTimestamp !== undefined;
  if (kind !== 'Pod' && isLeaving && !hasFinalizers(stored)) {
    erase(state, kind, stored, writer);
    return stored;
  }
  kept(state, kind).set(keyOf(stored), stored);
  announce(state, kind, before === undefined ? 'ADDED' : 'MODIFIED', stored, { before, writer });
  return stored;
}

function hasEqualSpec(before: AnyObject, after: AnyObject): boolean {
  const { metadata: _m, status: _s, ...spec } = before;
  const { metadata: _newM, status: _newS, ...newSpec } = after;
  return deepEqual(spec, newSpec);
}

function hasFinalizers(object: AnyObject): boolean {
  return ((object.metadata as ObjectMeta | undefined)?.finalizers ?? []).length > 0;
}

function remove(state: State, kind: Kind, target: Target, writer: Writer): void {
  const object = found(state, kind, target);
  const metadata = (object.metadata ?? {}) as ObjectMeta;
  if (metadata.deletionTimestamp !== undefined) return;
  const spec = object.spec as Kinds['Pod']['spec'];
  // A pod no node has taken has nobody to wind it up.
  const isRunning = kind === 'Pod' && spec?.nodeName !== undefined;
  if (!isRunning && !hasFinalizers(object)) {
    erase(state, kind, object, writer);
    return;
  }
  const graceSeconds = isRunning ? (spec?.terminationGracePeriodSeconds ?? 30) : 0;
  const leaving = {
    ...object,
    metadata: {
      ...metadata,
      deletionTimestamp: toTime(state.clock.now() + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
      ...(metadata.generation === undefined ? {} : { generation: metadata.generation + 1 }),
    },
  };
  put(state, kind, leaving as AnyObject, { before: object, writer });
}

function erase(state: State, kind: Kind, object: AnyObject, writer: Writer): void {
  state.version += 1;
  kept(state, kind).delete(keyOf(object));
  announce(state, kind, 'DELETED', object, { before: object, writer });
}

function announce(
  state: State,
  kind: Kind,
  type: Change['type'],
  object: AnyObject,
  { before, writer }: Origin,
): void {
  const known = before === undefined ? {} : { before };
  const change = { type, kind, object, ...known, writer } as Change;
  for (const listener of [...state.listeners]) listener(change);
}

/** The server keeps events for an hour. */
function dropOldEvents(state: State): void {
  for (const [key, event] of kept(state, 'Event')) {
    const created = fromTime(String(event.metadata?.creationTimestamp));
    // They are in the order of their creation.
    if (created > state.clock.now() - eventLifeMs) return;
    kept(state, 'Event').delete(key);
  }
}
