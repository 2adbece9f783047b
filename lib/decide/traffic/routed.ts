import type { Rollout, RolloutTrafficRouting } from '../../model/argo.generated.ts';
import type { Observed } from '../../model/observed.ts';
import { perObject } from '../../model/perObject.ts';
import { type Answer, type Answers, answersIn, type Need } from '../../model/reads.ts';
import { namedServices, pingPongOf, routingOf, type Side } from '../release/traffic.ts';
import type { Routed, Router } from './router.ts';
import { routersOf } from './routers.ts';

// The routers of a rollout, and what each of them is told.

export type Using = { router: Router; routed: Routed };

export function routersIn(rollout: Rollout, answers: Answers): Using[] {
  return routersOf(routingOf(rollout)).map((router) => {
    const services = servicesFor(router, rollout);
    return { router, routed: { rollout, services, answers } };
  });
}

/** Each weight of the canary that the router's objects have; none where no object says so. */
export function canaryWeights({ router, routed }: Using): number[] {
  return router.carries(routed).flatMap(({ canary }) => canary);
}

/** argo v1.10.1 rollout/trafficrouting/service_helper.go GetStableAndCanaryServices */
function servicesFor({ prefersPingPong }: Router, rollout: Rollout): Record<Side, string> {
  const named = namedServices(rollout);
  const isNamed = named.canary !== '' || named.stable !== '';
  const pingPong = prefersPingPong || !isNamed ? pingPongOf(rollout) : undefined;
  return pingPong ?? named;
}

/** What they read. */
export function needsIn(rollout: Rollout, answers: Answers): Need[] {
  return routersIn(rollout, answers).flatMap(({ router, routed }) => router.needs(routed));
}

const noRoutes: Record<string, Answer> = {};
const answersOf = perObject((routes: Record<string, Answer>) =>
  answersIn(new Map(Object.entries(routes))),
);

export function routeAnswers({ routes = noRoutes }: Pick<Observed, 'routes'>): Answers {
  return answersOf(routes);
}

/** The field of a router that this version of Serin does not have; undefined where it has them all. */
export function unknownRouter(routing: RolloutTrafficRouting): string | undefined {
  const { managedRoutes: _, maxTrafficWeight: __, plugins = {}, ...fields } = routing;
  const known = (one: RolloutTrafficRouting): boolean => routersOf(one).length > 0;
  for (const [field, value] of Object.entries(fields)) {
    if (value !== undefined && !known({ [field]: value })) return field;
  }
  const plugin = Object.entries(plugins).find(
    ([name, value]) => !known({ plugins: { [name]: value } }),
  );
  return plugin && `plugins["${plugin[0]}"]`;
}
