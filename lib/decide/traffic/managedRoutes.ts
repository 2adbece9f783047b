import type { Rollout } from '../../model/argo.generated.ts';
import { routingOf } from '../release/traffic.ts';
import { stepIndexOf, stepsOf } from '../steps/steps.ts';
import type { ManagedRoute } from './router.ts';

/**
 * The routes that the steps so far have set, in the order of managedRoutes. The last step that names one
 * counts, and takes it away where it has no match. argo v1.10.1 rollout/trafficrouting.go
 */
export function managedRoutes(rollout: Rollout): ManagedRoute[] {
  const set = new Map<string, ManagedRoute | undefined>();
  for (const step of stepsOf(rollout).slice(0, stepIndexOf(rollout) + 1)) {
    const { setHeaderRoute: header, setMirrorRoute: mirror } = step;
    if (header?.name)
      set.set(header.name, isGone(header) ? undefined : of(header.name, { header }));
    if (mirror?.name)
      set.set(mirror.name, isGone(mirror) ? undefined : of(mirror.name, { mirror }));
  }
  const names = (routingOf(rollout)?.managedRoutes ?? []).map(({ name }) => name);
  return names.map((name) => set.get(name)).filter((route) => route !== undefined);
}

function of<R>(name: string, route: R): R & { name: string } {
  return { name, ...route };
}

function isGone({ match = [] }: { match?: unknown[] }): boolean {
  return match.length === 0;
}
