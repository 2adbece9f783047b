import { isRouted, totalWeightOf } from '../decide/release/traffic.ts';
import { typeFaults } from '../decide/release/typeFaults.ts';
import { routeAnswers, routersIn, type Using } from '../decide/traffic/routed.ts';
import type { Carried } from '../decide/traffic/router.ts';
import type { Rollout } from '../model/argo.generated.ts';
import { refText, rowOf } from '../model/kinds.ts';
import type { Observed } from '../model/observed.ts';
import type { RolloutView, RouteView } from '../model/view.ts';

/** The objects of the routers, as they are. Of a spec that is faulty nobody knows which they are. */
export function routesShown(
  observed: Pick<Observed, 'rollout' | 'routes'>,
): Pick<RolloutView, 'routes'> {
  const { rollout, routes } = observed;
  if (!isRouted(rollout) || !routes || typeFaults(rollout).length > 0) return {};
  const using = routersIn(rollout, routeAnswers(observed));
  return {
    routes: using.flatMap((each) =>
      each.router.carries(each.routed).map((carried) => routeView(carried, each, rollout)),
    ),
  };
}

function routeView(
  { ref, canary, routes = [] }: Carried,
  { router, routed }: Using,
  rollout: Rollout,
): RouteView {
  const { weights } = rollout.status?.canary ?? {};
  const total = totalWeightOf(rollout);
  const additional = (weights?.additional ?? []).reduce((sum, { weight = 0 }) => sum + weight, 0);
  const fronts = router.loadBalancers?.(routed) ?? [];
  const hasBalancer = fronts.some(
    (front) => refText(front.ref) === refText(ref) && front.hostnames.length > 0,
  );
  return {
    router: router.name,
    kind: rowOf(ref.kind).kind ?? ref.kind,
    ...{ namespace: ref.namespace, name: ref.name },
    weights: [...new Set(canary)].map((weight) => ({
      canary: weight,
      stable: Math.max(0, total - weight - additional),
    })),
    ...{ total, managed: routes },
    ...(hasBalancer && weights?.verified !== undefined && { verified: weights.verified }),
  };
}
