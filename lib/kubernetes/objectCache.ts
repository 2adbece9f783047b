import type { ObjectMeta } from '../model/argo.generated.ts';
import { versionOf } from '../model/workload.ts';

type WithMeta = { metadata?: ObjectMeta };

/** Objects of one kind, each in the latest version that was seen. */
export type ObjectCache<T extends WithMeta> = {
  get: (namespace: string, name: string) => T | undefined;
  /** `namespace` '' lists all. */
  list: (namespace: string) => T[];
  /** False when it is known already, or was deleted since. */
  put: (object: T) => boolean;
  /** What a look has found that began after `known` was refused: so it is, however low its version. */
  correct: (object: T, known: T | undefined) => void;
  /** Deleted: a late notice of an earlier change does not bring it back. */
  drop: (namespace: string, name: string, uid: string) => void;
  /** No notice of it can come any more. */
  forget: (uid: string) => void;
};

export function objectCache<T extends WithMeta>(): ObjectCache<T> {
  const byNamespace = new Map<string, Map<string, T>>();
  const deleted = new Set<string>();
  const inNamespace = (namespace: string): Map<string, T> => {
    const found = byNamespace.get(namespace) ?? new Map<string, T>();
    byNamespace.set(namespace, found);
    return found;
  };
  return {
    get: (namespace, name) => byNamespace.get(namespace)?.get(name),
    list: (namespace) =>
      namespace === ''
        ? [...byNamespace.values()].flatMap((objects) => [...objects.values()])
        : [...(byNamespace.get(namespace)?.values() ?? [])],
    put: (object) => {
      const { namespace = '', name = '', uid = '' } = object.metadata ?? {};
      const known = inNamespace(namespace).get(name);
      if (deleted.has(uid) || (known && !isLater(object, known))) return false;
      inNamespace(namespace).set(name, object);
      return true;
    },
    correct: (object, known) => {
      const { namespace = '', name = '', uid = '' } = object.metadata ?? {};
      const objects = inNamespace(namespace);
      // Unless something was told in the meantime.
      if (objects.get(name) === known && !deleted.has(uid)) objects.set(name, object);
    },
    drop: (namespace, name, uid) => {
      deleted.add(uid);
      const objects = inNamespace(namespace);
      if (objects.get(name)?.metadata?.uid === uid) objects.delete(name);
    },
    forget: (uid) => {
      deleted.delete(uid);
    },
  };
}

/** Whether `a` is a later version than `b`: Kubernetes promises that versions are numbers that grow. */
function isLater(a: WithMeta, b: WithMeta): boolean {
  return BigInt(versionOf(a) || 0) > BigInt(versionOf(b) || 0);
}
