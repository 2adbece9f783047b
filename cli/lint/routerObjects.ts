import { routersIn } from '../../lib/decide/traffic/routed.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { type Kind, type ObjectRef, refText, rowOf } from '../../lib/model/kinds.ts';
import { type Answer, type Answers, answersIn } from '../../lib/model/reads.ts';
import { faultsOf } from './check.ts';
import { heldIn, isOfKind, soundRollout } from './held.ts';

/**
 * The objects of its routers that the files lack. Where they have none of that sort, all of them are
 * somewhere else; where they have others, a name may be wrong.
 */
export function routerObjectNotes(value: unknown, all: readonly unknown[]): FieldError[] {
  const rollout = soundRollout(value);
  if (!rollout?.spec?.strategy?.canary?.trafficRouting) return [];
  if (faultsOf(value as object).length > 0) return [];
  const missing = new Map<string, string>();
  const objectOf = (ref: ObjectRef): Answer | undefined => {
    // What is there may be anything: what is wrong with it is not looked for.
    const isThere = heldIn(all, ref, rollout) !== undefined;
    if (isThere || !all.some((each) => isOfKind(each, ref.kind))) return undefined;
    missing.set(refText(ref), named(ref));
    return { missing: true };
  };
  const answers: Answers = {
    ...answersIn(new Map()),
    to: (read) => ('object' in read ? objectOf(read.object) : undefined),
    object: <K extends Kind>(ref: ObjectRef<K>) => objectOf(ref) as ReturnType<Answers['object']>,
  } as Answers;
  const faults = routersIn(rollout, answers).flatMap(({ router, routed }) => router.check(routed));
  const lacks =
    'which is not in these files, though others of its kind are: it must be in the cluster';
  return [...missing.values()].flatMap((name) => {
    const fault = faults.find(({ message }) => message.startsWith(`${name},`));
    return fault ? [{ path: fault.path, message: `${name}, ${lacks}` }] : [];
  });
}

/** As routers name what they miss; what they make themselves they do not. */
function named({ kind, name }: ObjectRef): string {
  return `names the ${rowOf(kind).kind ?? kind} ${name}`;
}
