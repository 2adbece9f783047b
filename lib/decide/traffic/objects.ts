import type { Rollout } from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';
import {
  type Kind,
  type Kinds,
  type KubernetesObject,
  type ObjectRef,
  rowOf,
} from '../../model/kinds.ts';
import { withoutNulls } from '../../model/nulls.ts';
import { diffMergePatch } from '../../model/patch.ts';
import { refOf, type Write } from '../../model/plan.ts';
import { type Answers, type Need, okOf } from '../../model/reads.ts';

// What routers have in common: objects that a field names, read and patched.

/** An object, and the field of the spec that names it. */
export type Named<K extends Kind = Kind> = { path: string; ref: ObjectRef<K> };

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

/** Why there is no such object to be read. */
export function objectFaults({ path, ref }: Named, answers: Answers): FieldError[] {
  const what = `the ${rowOf(ref.kind).kind ?? ref.kind} ${ref.name}`;
  const answer = answers.object(ref);
  if (!answer || 'ok' in answer) return [];
  if ('missing' in answer) {
    return fieldError(path, `names ${what}, which does not exist; create it, or name another`);
  }
  const remedy = answer.remedy === undefined ? '' : `; ${answer.remedy}`;
  return fieldError(path, `names ${what}, which cannot be read: ${answer.failed}${remedy}`);
}

/** The write that makes an object what it is to be; none where it is that already. */
export function changed(kind: Kind, before: KubernetesObject, after: object): Write[] {
  const patch = diffMergePatch(before, after);
  return patch ? [{ phase: 'route', do: 'patch', ref: refOf(kind, before), patch }] : [];
}
