import { type FieldError, fieldError } from '../../model/faults.ts';
import { type Kind, type KubernetesObject, rowOf, typeMetaOf } from '../../model/kinds.ts';
import { refOf, type Write } from '../../model/plan.ts';
import { isControlledBy, uidOf } from '../../model/workload.ts';
import { ownerOf } from '../replicaSets/revision.ts';
import { type Named, objectOf, unread, unserved } from './objects.ts';
import type { Routed } from './router.ts';

// Objects that a router makes itself, which go with their rollout.

export function ownObject(
  named: Named,
  { rollout, answers }: Routed,
): KubernetesObject | undefined {
  const found = objectOf(named, answers);
  return found && isControlledBy(found, uidOf(rollout)) ? found : undefined;
}

/** Why it can be neither made nor changed. */
export function ownObjectFaults(named: Named, routed: Routed): FieldError[] {
  const { path, ref } = named;
  const kind = rowOf(ref.kind).kind ?? ref.kind;
  const answer = routed.answers.object(ref);
  if (answer && 'failed' in answer) {
    return fieldError(path, `needs the ${kind} ${ref.name}, which ${unread(answer)}`);
  }
  if (answer && 'missing' in answer && answer.unserved) {
    return fieldError(path, `needs the ${kind} ${ref.name}, ${unserved(ref.kind)}`);
  }
  if (!answer || 'missing' in answer || ownObject(named, routed)) return [];
  const article = /^[AEIOU]/.test(kind) ? 'an' : 'a';
  const message =
    `needs ${article} ${kind} named ${ref.name}, and there is one that is not this rollout's; ` +
    'delete or rename it';
  return fieldError(path, message);
}

export function created(
  named: Named,
  { annotations, ...fields }: { annotations?: Record<string, string>; spec: object },
  { rollout }: Routed,
): Write {
  const { kind, namespace, name } = named.ref;
  const metadata = {
    ...{ name, namespace, ownerReferences: [ownerOf(rollout)] },
    ...(annotations && { annotations }),
  };
  const object = { ...typeMetaOf(kind), metadata, ...fields };
  return { phase: 'route', do: 'create', kind, object } as Write;
}

export function removed(named: Named, routed: Routed): Write[] {
  const found = ownObject(named, routed);
  const ref = found && refOf<Kind>(named.ref.kind, found);
  return ref ? [{ phase: 'route', do: 'delete', ref }] : [];
}
