import type { LabelSelector, ObjectMeta } from '../model/argo.generated.ts';
import { versionOf } from '../model/workload.ts';
import { type ByLabel, byLabel } from './byLabel.ts';
import type { Labels } from './selectors.ts';

type WithMeta = { metadata?: ObjectMeta };

/** Objects of one kind, each in the latest version that was seen. */
export type ObjectCache<T extends WithMeta> = {
  get: (namespace: string, name: string) => T | undefined;
  /** `namespace` '' lists all. */
  list: (namespace: string, selector?: LabelSelector) => T[];
  /** Those that are none of these, by uid. */
  others: (namespace: string, selector: LabelSelector, uids: ReadonlySet<string>) => T[];
  /** False when it is known already, or was deleted since. */
  isNews: (object: T) => boolean;
  put: (object: T) => void;
  /** What a look has found that began after `known` was refused: so it is, however low its version. */
  correct: (object: T, known: T | undefined) => void;
  /** Deleted: a late notice of an earlier change does not bring it back. */
  drop: (namespace: string, name: string, uid: string) => void;
  /** No notice of it can come any more. */
  forget: (uid: string) => void;
};

/**
 * An object as JSON: a third of the memory of the parsed one, of which most are at rest and not asked for,
 * and nothing that the garbage collector has to walk through.
 */
type Entry = { uid: string; version: string; labels: Labels; text: string };

/** So much text of what was used last is kept parsed too. */
const parsedCharsMax = 2 ** 18;

export function objectCache<T extends WithMeta>(): ObjectCache<T> {
  const namespaces = new Map<string, ByLabel<Entry>>();
  const deleted = new Set<string>();
  const objects = parsedEntries<T>();
  const inNamespace = (namespace: string): ByLabel<Entry> => {
    const found = namespaces.get(namespace) ?? byLabel();
    namespaces.set(namespace, found);
    return found;
  };
  const selected = (namespace: string, selector: LabelSelector): Entry[] => {
    const places = namespace === '' ? [...namespaces.values()] : [inNamespace(namespace)];
    return places.flatMap((entries) => entries.select(selector));
  };
  const set = (object: T): void => {
    const { namespace = '', name = '', uid = '', labels = {} } = object.metadata ?? {};
    const text = JSON.stringify(object);
    const entry = { uid, version: versionOf(object), labels, text };
    remove(namespace, name);
    inNamespace(namespace).set(name, entry);
    objects.keep(entry, object);
  };
  const remove = (namespace: string, name: string): void => {
    const entry = find(namespace, name);
    if (entry) objects.drop(entry);
    inNamespace(namespace).delete(name);
  };
  const find = (namespace: string, name: string): Entry | undefined =>
    namespaces.get(namespace)?.get(name);
  const entryOf = ({ metadata: { namespace = '', name = '' } = {} }: T): Entry | undefined =>
    find(namespace, name);
  return {
    get: (namespace, name) => {
      const entry = find(namespace, name);
      return entry && objects.of(entry);
    },
    list: (namespace, selector = {}) => selected(namespace, selector).map(objects.of),
    others: (namespace, selector, uids) =>
      selected(namespace, selector)
        .filter(({ uid }) => !uids.has(uid))
        .map(objects.of),
    isNews: (object) => {
      const known = entryOf(object);
      const isDeleted = deleted.has(object.metadata?.uid ?? '');
      return !isDeleted && (!known || isLater(versionOf(object), known.version));
    },
    put: set,
    correct: (object, known) => {
      // Unless something was told in the meantime.
      const isAsKnown = entryOf(object)?.version === (known && versionOf(known));
      if (isAsKnown && !deleted.has(object.metadata?.uid ?? '')) set(object);
    },
    drop: (namespace, name, uid) => {
      deleted.add(uid);
      if (find(namespace, name)?.uid === uid) remove(namespace, name);
    },
    forget: (uid) => {
      deleted.delete(uid);
    },
  };
}

/** What was used last, parsed: the same object each time, for what is known of an object hangs on it. */
function parsedEntries<T>() {
  const parsed = new Map<Entry, T>();
  let chars = 0;
  const drop = (entry: Entry): void => {
    if (parsed.delete(entry)) chars -= entry.text.length;
  };
  const keep = (entry: Entry, object: T): void => {
    drop(entry);
    parsed.set(entry, object);
    chars += entry.text.length;
    for (const oldest of parsed.keys()) {
      if (chars <= parsedCharsMax || oldest === entry) return;
      drop(oldest);
    }
  };
  return {
    drop,
    keep,
    of: (entry: Entry): T => {
      const object = parsed.get(entry) ?? (JSON.parse(entry.text) as T);
      keep(entry, object);
      return object;
    },
  };
}

/** Whether `a` is a later version than `b`: Kubernetes promises that versions are numbers that grow. */
function isLater(a: string, b: string): boolean {
  return BigInt(a || 0) > BigInt(b || 0);
}
