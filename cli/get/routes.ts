import type { RolloutView, RouteView } from '../../lib/model/view.ts';
import { columns, plainAll } from '../text.ts';

/** The objects of the routers of a rollout, as a table. */
export function routeLines(view: RolloutView): string[] {
  const { routes } = plainAll(view);
  if (routes === undefined) return ['No router sends its requests.'];
  if (routes.length === 0) return ['No object of its routers says anything of weights.'];
  const head = ['ROUTER', 'OBJECT', 'CANARY', 'STABLE', 'ROUTES OF STEPS', 'VERIFIED'];
  return columns([head, ...routes.flatMap(rowsOf)]);
}

function rowsOf(route: RouteView): string[][] {
  const { router, kind, name, total, managed, verified } = route;
  const [first = [], ...more] = route.weights.map(({ canary, stable }) => [
    share(canary, total),
    share(stable, total),
  ]);
  const routes = managed.map((each) => `${each.name} (${each.sends})`).join(', ') || '-';
  return [
    [router, `${kind}/${name}`, ...first, routes, verdict(verified)],
    // Routes of the same object that have other weights.
    ...more.map((weights) => ['', '', ...weights]),
  ];
}

function share(weight: number, total: number): string {
  return total === 100 ? String(weight) : `${weight}/${total}`;
}

/** A dash where there is no load balancer that could be asked. */
function verdict(verified: boolean | undefined): string {
  if (verified === undefined) return '-';
  return verified ? 'yes' : 'not yet';
}
