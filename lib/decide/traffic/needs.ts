import type { KubernetesObject, ObjectRef } from '../../model/kinds.ts';
import type { Observed } from '../../model/observed.ts';
import { type Answer, type Need, okOf, readKey } from '../../model/reads.ts';
import type { Gathered } from '../release/gathered.ts';
import { formerNeeds, formerRollouts } from './givenBack.ts';
import { needsIn, routeAnswers } from './routed.ts';

/** What the routers of a rollout read, and former ones. They bear every failure: each is decided upon. */
export function trafficNeeds(gathered: Gathered): Need[] {
  const { answers, template } = gathered;
  if (!template?.isTyped) return [];
  return [...needsIn(template.rollout, answers), ...formerNeeds(gathered)];
}

/** What they were answered, to be kept among what the turn knows. */
export function routesIn(gathered: Gathered): Record<string, Answer> {
  const { answers } = gathered;
  const found = trafficNeeds(gathered).map(
    ({ read }) => [readKey(read), answers.to(read)] as const,
  );
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
export function routerObjectsFound({ routes = {} }: Pick<Observed, 'routes'>): KubernetesObject[] {
  return Object.values(routes).flatMap<KubernetesObject>(
    (answer) => okOf(answer as Answer<KubernetesObject | KubernetesObject[]>) ?? [],
  );
}
