import type { Kind, Kinds, KubernetesObject, ObjectRef } from '../../model/kinds.ts';
import type { Observed } from '../../model/observed.ts';
import { type Answer, type Need, okOf, readKey } from '../../model/reads.ts';
import type { Millis } from '../../model/units.ts';
import type { Gathered } from '../release/gathered.ts';
import { formerNeeds, formerRollouts } from './givenBack.ts';
import { needsIn, routeAnswers } from './routed.ts';
import { verificationNeeds } from './verification.ts';

/** What the routers of a rollout read, and former ones. They bear every failure: each is decided upon. */
export function trafficNeeds(gathered: Gathered, now?: Millis): Need[] {
  const { answers, template } = gathered;
  if (!template?.isTyped) return [];
  return [
    ...needsIn(template.rollout, answers),
    ...formerNeeds(gathered),
    ...verificationNeeds(gathered, now),
  ];
}

/** What they were answered, to be kept among what the turn knows. */
export function routesIn(gathered: Gathered): Record<string, Answer> {
  const { answers } = gathered;
  // Of pods there is another place.
  const reads = trafficNeeds(gathered).map(({ read }) => read);
  const found = reads
    .filter((read) => !('list' in read && read.list === 'Pod'))
    .map((read) => [readKey(read), answers.to(read)] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, Answer] => !!entry[1]));
}

/** The objects that it has its routers look at and write, former ones among them. */
export function routerObjects(observed: Observed): ObjectRef[] {
  const answers = routeAnswers(observed);
  const rollouts = [observed.rollout, ...formerRollouts(observed)];
  const needs = rollouts.flatMap((rollout) => needsIn(rollout, answers));
  return needs.flatMap(({ read }) => ('object' in read ? [read.object] : []));
}

/** Those of them that there are, as they were read. */
export function routerObjectsFound(observed: Observed): KubernetesObject[] {
  const answers = routeAnswers(observed);
  const found = routerObjects(observed).map((ref) => okOf(answers.object(ref)));
  return found.filter((object): object is Kinds[Kind] => object !== undefined);
}
