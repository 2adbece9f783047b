import { Conflict, NotFound, NotServed } from '../errors.ts';
import type { LabelSelector, ManagedFieldsEntry, ObjectMeta } from '../model/argo.generated.ts';
import {
  type Kind,
  type Kinds,
  kindNames,
  type kinds,
  type ObjectRef,
  rowOf,
} from '../model/kinds.ts';
import { hashLabel } from '../model/names.ts';
import { type Millis, minuteMs } from '../model/units.ts';
import { uidOf } from '../model/workload.ts';
import type { Cluster, SelectorText } from '../world.ts';
import type { WatchedCluster } from './kubernetes.ts';
import { type ObjectCache, objectCache } from './objectCache.ts';
import { parseSelector } from './selectors.ts';

/** The kinds that are watched. Pods are read when they are needed, which is seldom. */
type Watched = { [K in Kind]: (typeof kinds)[K]['watched'] extends readonly [] ? never : K }[Kind];
const watched = kindNames.filter((kind): kind is Watched => rowOf(kind).watched.length > 0);
const always = watched.filter((kind) => rowOf(kind).watched.includes('always'));
/**
 * Watched from when one is first asked for: most rollouts have a template of their own, and routers have
 * objects of many kinds.
 */
const onDemand = watched.filter((kind) => rowOf(kind).watched.includes('onDemand'));
/** They have turns of their own, whoever creates them; but not every cluster lets Serin see them. */
const early = watched.filter((kind) => rowOf(kind).watched.includes('early'));

/** Every ReplicaSet of a rollout has the label, and nothing else has. */
const owned = { ReplicaSet: hashLabel };
const others = { ReplicaSet: `!${hashLabel}` };

/** A kind whose watch could not begin is read live, and not tried again for so long. */
const unwatchedMs: Millis = minuteMs;

/** A change that was not seen before, by whomever it was made. */
export type Noticed = {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  kind: Watched;
  object: { metadata?: ObjectMeta };
  before?: { metadata?: ObjectMeta };
};

export type CacheOptions = {
  /** Empty for all. */
  namespaces: string[];
  onChange: (change: Noticed) => void;
  onTrouble: (kind: Kind, error: Error) => void;
  /** A watch that was in trouble has listed everything anew. */
  onBack: (kind: Kind) => void;
  signal: AbortSignal;
};

/**
 * The cluster, read through its watches: no request is made for what they tell. What we write is taken
 * from the answer, so that no rollout is ever decided on a state from before our own write; and after
 * a conflict the object is read live, so that the same stale state is not decided on again. While a watch
 * is in trouble its kind is read live too: nobody knows then what has changed. Resolves once everything was
 * listed; rejects with Terminal when that is refused.
 */
export async function cachedCluster(live: WatchedCluster, options: CacheOptions): Promise<Cluster> {
  const caches = Object.fromEntries(watched.map((kind) => [kind, objectCache()]));
  const namespaces = options.namespaces.length > 0 ? options.namespaces : [''];
  const deaf = troubled(options);
  const start = async <K extends Watched>(kind: K, selectors: Selectors): Promise<void> => {
    const known = caches[kind] as ObjectCache<Kinds[K]>;
    const selector = selectors[kind] ?? '';
    const watches = namespaces.map((namespace) => ({
      ...{ namespace, selector },
      ...options,
      ...deaf.follow(kind),
    }));
    await Promise.all(watches.map((where) => follow(live, kind, known, where)));
  };
  await Promise.all(always.map((kind) => start(kind, owned)));
  const ready = onceEach(onDemand, (kind) => start(kind, others));
  const isFollowed = withoutWaiting(ready, options);
  for (const kind of early) isFollowed(kind);
  const cacheOf = <K extends Kind>(kind: K): ObjectCache<Kinds[K]> | undefined =>
    caches[kind] as ObjectCache<Kinds[K]> | undefined;
  const isSeen = (namespace: string): boolean =>
    namespaces.includes('') || namespaces.includes(namespace);
  const isTold = (kind: Kind, namespace: string): boolean => isSeen(namespace) && !deaf.is(kind);
  return {
    ...live,
    doorbell: true,
    get: async (ref) => {
      const { kind, namespace, name } = ref;
      const known = cacheOf(kind);
      if (!known || !isTold(kind, namespace)) return await live.get(ref);
      if (rowOf(kind).ofRouters) {
        // Of one that is missing, the cluster itself knows in which version it can be made.
        const found = isFollowed(kind) ? known.get(namespace, name) : undefined;
        return found ?? (await live.get(ref));
      }
      if (!known.get(namespace, name)) await ready(kind);
      const object = known.get(namespace, name);
      if (!object) throw new NotFound(`There is no ${kind} ${namespace}/${name}`);
      return object;
    },
    list: async (kind, namespace, selector) => {
      const known = cacheOf(kind);
      if (known && namespace === '' && deaf.is(kind)) {
        const each = namespaces.map((one) => live.list(kind, one, selector));
        return (await Promise.all(each)).flat();
      }
      if (!known || (namespace !== '' && !isTold(kind, namespace))) {
        return await live.list(kind, namespace, selector);
      }
      if (rowOf(kind).ofRouters && !isFollowed(kind)) {
        return await live.list(kind, namespace, selector);
      }
      if (kind !== 'ReplicaSet') await ready(kind);
      return known.list(namespace, parsed(selector ?? ''));
    },
    create: async (kind, object, how) => {
      const { namespace = 'default', name = '' } = object.metadata ?? {};
      const make = live.create(kind, object, how);
      if (how?.dryRun) return await make;
      return await written(live, cacheOf(kind), { kind, namespace, name }, make);
    },
    patch: (ref, patch, how) => written(live, cacheOf(ref.kind), ref, live.patch(ref, patch, how)),
    remove: async (ref) => {
      await live.remove(ref);
      cacheOf(ref.kind)?.drop(ref.namespace, ref.name, ref.uid);
    },
  };
}

/** Which kinds have watches that hear nothing at the moment. */
function troubled({ onTrouble, onBack }: Pick<CacheOptions, 'onTrouble' | 'onBack'>) {
  const watches = new Map<object, Kind>();
  return {
    is: (kind: Kind): boolean => [...watches.values()].includes(kind),
    /** Of one watch. */
    follow: (kind: Kind) => {
      const one = {};
      return {
        onTrouble: (of: Kind, error: Error): void => {
          watches.set(one, kind);
          onTrouble(of, error);
        },
        onListed: (): void => {
          if (watches.delete(one)) onBack(kind);
        },
      };
    },
  };
}

/** Does something once for each of the kinds, when it is first asked for; again where that failed. */
function onceEach<K extends Kind>(
  kinds: readonly K[],
  begin: (kind: K) => Promise<void>,
): (kind: Kind) => Promise<void> {
  const begun = new Map<Kind, Promise<void>>();
  return async (kind) => {
    const wanted = kinds.find((each) => each === kind);
    if (wanted === undefined) return;
    const promise = begun.get(kind) ?? begin(wanted);
    begun.set(kind, promise);
    await promise.catch((error: unknown) => {
      begun.delete(kind);
      throw error;
    });
  };
}

/**
 * Begins without anybody waiting for it, and tells whether it has: objects of routers are read live until
 * they are watched, and where they may not be or the cluster has none.
 */
function withoutWaiting(
  begin: (kind: Kind) => Promise<void>,
  { onTrouble, signal }: Pick<CacheOptions, 'onTrouble' | 'signal'>,
): (kind: Kind) => boolean {
  const triedAt = new Map<Kind, Millis>();
  const done = new Set<Kind>();
  return (kind) => {
    const isDue = Date.now() - (triedAt.get(kind) ?? 0) >= unwatchedMs;
    if (done.has(kind) || !isDue) return done.has(kind);
    triedAt.set(kind, Date.now());
    begin(kind).then(
      () => done.add(kind),
      (error: Error) => {
        if (!signal.aborted && !(error instanceof NotServed)) onTrouble(kind, error);
      },
    );
    return false;
  };
}

type Selectors = { [kind in Watched]?: SelectorText };

type Following = Pick<CacheOptions, 'onChange' | 'onTrouble' | 'signal'> & {
  namespace: string;
  selector: SelectorText;
  onListed: () => void;
};

async function follow<K extends Watched>(
  live: WatchedCluster,
  kind: K,
  known: ObjectCache<Kinds[K]>,
  { namespace, selector, onChange, onTrouble, onListed, signal }: Following,
): Promise<void> {
  const put = (object: Kinds[K]): void => {
    if (!known.isNews(object)) return;
    const before = known.get(object.metadata?.namespace ?? '', object.metadata?.name ?? '');
    known.put(slim(kind, object));
    // One of its name that was made anew is another one.
    const isSame = before && uidOf(before) === uidOf(object);
    if (isSame) onChange({ type: 'MODIFIED', kind, object, before });
    else onChange({ type: 'ADDED', kind, object });
  };
  const gone = (object: Kinds[K]): void => {
    const { name = '', uid = '', ...meta } = object.metadata ?? {};
    known.drop(meta.namespace ?? '', name, uid);
    known.forget(uid);
    onChange({ type: 'DELETED', kind, object });
  };
  const terms = parsed(selector);
  await live.watch(
    kind,
    { namespace, selector },
    {
      found: (items) => items.forEach(put),
      complete: (uids) => {
        // By the selector: another watch of the kind may have filled the cache too.
        for (const item of known.others(namespace, terms, uids)) gone(item);
        onListed();
      },
      change: (type, object) => (type === 'DELETED' ? gone(object) : put(object)),
      trouble: (error) => onTrouble(kind, error),
    },
    signal,
  );
}

async function written<K extends Kind>(
  live: Cluster,
  known: ObjectCache<Kinds[K]> | undefined,
  { kind, namespace, name }: ObjectRef<K>,
  write: Promise<Kinds[K]>,
): Promise<Kinds[K]> {
  try {
    const object = await write;
    if (known?.isNews(object)) known.put(slim(kind, object));
    return object;
  } catch (error) {
    const isStale = error instanceof Conflict || error instanceof NotFound;
    if (known && isStale) await refresh(live, known, { kind, namespace, name });
    throw error;
  }
}

async function refresh<K extends Kind>(
  live: Cluster,
  known: ObjectCache<Kinds[K]>,
  { kind, namespace, name }: ObjectRef<K>,
): Promise<void> {
  const before = known.get(namespace, name);
  try {
    // Versions go back where etcd was restored from a backup.
    known.correct(slim(kind, await live.get({ kind, namespace, name })), before);
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    const object = known.get(namespace, name);
    if (object) known.drop(namespace, name, object.metadata?.uid ?? '');
  }
}

/**
 * Who wrote which field is a third of an object and more. It matters for these two; and of a rollout, who
 * wrote which parts of its spec and of its status.
 */
function slim<K extends Kind>(kind: K, object: Kinds[K]): Kinds[K] {
  if (kind === 'Deployment') return object;
  const { managedFields = [], ...metadata } = object.metadata ?? {};
  if (kind !== 'Rollout') return { ...object, metadata };
  return { ...object, metadata: { ...metadata, managedFields: managedFields.flatMap(outline) } };
}

/** The names of the parts, without what is in them. */
function outline(entry: ManagedFieldsEntry): ManagedFieldsEntry[] {
  const written = (entry.fieldsV1 ?? {}) as Record<string, object | undefined>;
  const parts = ['f:spec', 'f:status'].flatMap((part) => {
    const names = Object.keys(written[part] ?? {}).map((name) => [name, {}]);
    return names.length === 0 ? [] : [[part, Object.fromEntries(names)]];
  });
  return parts.length === 0 ? [] : [{ ...entry, fieldsV1: Object.fromEntries(parts) }];
}

/** Of those that are kept, and their length: rollouts bring them. */
const selectorsMax = 10_000;
const selectorLengthMax = 1000;
const selectors = new Map<string, LabelSelector>();

/** Each rollout asks with the same text every time. */
function parsed(text: string): LabelSelector {
  const known = selectors.get(text) ?? parseSelector(text);
  if (text.length > selectorLengthMax) return known;
  if (selectors.size >= selectorsMax) selectors.clear();
  selectors.set(text, known);
  return known;
}
