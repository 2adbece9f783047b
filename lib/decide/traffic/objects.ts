import type { Rollout } from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';
import {
  type Kind,
  type Kinds,
  type KubernetesObject,
  type ObjectRef,
  resourceNameOf,
  rowOf,
} from '../../model/kinds.ts';
import { withoutNulls } from '../../model/nulls.ts';
import { diffMergePatch } from '../../model/patch.ts';
import { refOf, type Write } from '../../model/plan.ts';
import { type Answers, type Need, okOf } from '../../model/reads.ts';

// What routers have in common: objects that a field names, read and patched.

/** An object, and the field of the spec that names it. */
export type Named<K extends Kind = Kind> = { path: string; ref: ObjectRef<K> };

type Fronting = { loadBalancer?: { ingress?: { hostname?: string }[] } };

/** A field for one object and one for several, of which a spec has either. */
export type Either = {
  field: string;
  one: [key: string, name: string | undefined];
  several: [key: string, names: string[] | undefined];
};

/** `what` the fields are for. */
export function eitherFaults({ field, one, several }: Either, what: string): FieldError[] {
  const [[key, name], [keys, names]] = [one, several];
  if (name && names) {
    return fieldError(field, `must name ${key} or ${keys}, not both; remove one`);
  }
  return name || names?.length ? [] : fieldError(field, `must name ${key} or ${keys}: ${what}`);
}

/** The objects of the rollout's namespace that are named, each once. */
export function namedBy<K extends Kind>(
  kind: K,
  { field, one, several }: Either,
  rollout: Rollout,
): Named<K>[] {
  const [[key, name = ''], [keys, names]] = [one, several];
  const ref = { kind, namespace: namespaceOf(rollout) };
  if (!names) return [{ path: `${field}.${key}`, ref: { ...ref, name } }];
  return names.flatMap((each, index) =>
    names.indexOf(each) === index
      ? [{ path: `${field}.${keys}[${index}]`, ref: { ...ref, name: each } }]
      : [],
  );
}

export function namespaceOf({ metadata }: Rollout): string {
  return metadata?.namespace ?? 'default';
}

/** A router decides on every answer, so it bears each failure. */
export function needOf({ ref }: Pick<Named, 'ref'>): Need {
  return { read: { object: ref }, bears: 'all' };
}

export function objectOf<K extends Kind>(
  { ref }: Named<K>,
  answers: Answers,
): Kinds[K] | undefined {
  const object = okOf(answers.object(ref));
  return object && withoutNulls(object);
}

/** Of the load balancers that its controller has made of it. */
export function hostnamesIn(object: object): string[] {
  const { status } = object as { status?: Fronting };
  const { loadBalancer } = status ?? {};
  return (loadBalancer?.ingress ?? []).flatMap(({ hostname }) => hostname ?? []);
}

/** Why there is no such object to be read. */
export function objectFaults({ path, ref }: Named, answers: Answers): FieldError[] {
  const what = `the ${rowOf(ref.kind).kind ?? ref.kind} ${ref.name}`;
  const answer = answers.object(ref);
  if (!answer || 'ok' in answer) return [];
  if ('missing' in answer && answer.unserved) {
    return fieldError(path, `names ${what}, ${unserved(ref.kind)}`);
  }
  if ('missing' in answer) {
    return fieldError(path, `names ${what}, which does not exist; create it, or name another`);
  }
  return fieldError(path, `names ${what}, which ${unread(answer)}`);
}

/** Why there can be no object of that kind. */
export function unserved(kind: Kind): string {
  const { versions } = rowOf(kind);
  const api = `${resourceNameOf(kind)} in version ${versions.join(' or ')}`;
  return (
    `whose kind this cluster does not serve (${api}); install its CustomResourceDefinition ` +
    'in one of these versions, or use another router'
  );
}

export function unread({ failed, remedy }: { failed: string; remedy?: string }): string {
  return `cannot be read: ${failed}${remedy === undefined ? '' : `; ${remedy}`}`;
}

/** The write that makes an object what it is to be; none where it is that already. */
export function changed(kind: Kind, before: KubernetesObject, after: object): Write[] {
  const patch = diffMergePatch(before, after);
  return patch ? [{ phase: 'route', do: 'patch', ref: refOf(kind, before), patch }] : [];
}
