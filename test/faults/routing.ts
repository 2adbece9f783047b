import type {
  CanaryStep,
  CanaryStrategy,
  RolloutSpec,
  RolloutTrafficRouting,
} from '../../lib/model/argo.generated.ts';
import { type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import type { Random } from '../../lib/simulate/random.ts';
import type { Act } from './scenario.ts';
import { add, lastOf } from './stories.ts';

// The routers of a run: most canaries have one, some two. And what happens to their objects: they are
// deleted, edited and made anew, and a webhook objects to what Serin writes.

export type RouterDeed =
  | { do: 'router'; how: 'delete' | 'restore' | 'edit'; place: number }
  | { do: 'webhook'; how: 'refuses' | 'is silent'; spanMs: Millis }
  | { do: 'service'; name: 'active' | 'preview'; how: 'delete' | 'restore' | 'unselect' }
  | { do: 'unroute' }
  | { do: 'reroute' };

export function isRouted({ strategy }: RolloutSpec): boolean {
  return strategy?.canary?.trafficRouting != null;
}

/** The canary with a router, in most of the runs that have one. */
export function withRouters(spec: RolloutSpec, random: Random): RolloutSpec {
  const { canary } = spec.strategy ?? {};
  if (!canary || random.chance(0.25)) return spec;
  const trafficRouting = routersOf(random);
  const { istio } = trafficRouting;
  const isDynamic = random.chance(0.3);
  const isOfSubsets = istio?.destinationRule !== undefined;
  const services = { stableService: 'active', canaryService: 'preview' };
  const pingPong = { pingService: 'active', pongService: 'preview' };
  const named = isOfSubsets
    ? {}
    : istio && !trafficRouting.nginx && random.chance(0.4)
      ? { pingPong }
      : services;
  const steps = (canary.steps ?? []).flatMap((step) => [
    ...moreSteps(random, trafficRouting),
    step,
  ]);
  return {
    ...spec,
    strategy: {
      canary: {
        ...canary,
        ...named,
        trafficRouting,
        ...(canary.steps && { steps }),
        ...delaysOf(random, isDynamic),
        ...(random.chance(0.2) && { minPodsPerReplicaSet: 1 + random.below(3) }),
      },
    },
  };
}

function routersOf(random: Random): RolloutTrafficRouting {
  const nginx = random.chance(0.3)
    ? { stableIngresses: ['web', 'other'] }
    : { stableIngress: 'web' };
  const one = { name: 'web', routes: ['main'] };
  const istio = random.chance(0.3)
    ? { virtualServices: [one, { name: 'other' }] }
    : { virtualService: random.chance(0.5) ? one : { name: 'web' } };
  const destinationRule = {
    ...{ name: 'web', canarySubsetName: 'canary', stableSubsetName: 'stable' },
  };
  const managedRoutes = [{ name: 'beta' }, { name: 'copy' }];
  const kind = random.pick(['nginx', 'nginx', 'istio', 'istio', 'subsets', 'both'] as const);
  switch (kind) {
    case 'nginx':
      return { nginx, ...(random.chance(0.2) && { maxTrafficWeight: random.pick([200, 1000]) }) };
    case 'istio':
      return { istio, managedRoutes };
    case 'subsets':
      return { istio: { ...istio, destinationRule }, managedRoutes };
    case 'both':
      return { istio, nginx };
  }
}

/** What comes before a step. */
function moreSteps(random: Random, { managedRoutes }: RolloutTrafficRouting): CanaryStep[] {
  if (random.chance(0.7)) return [];
  const scales = [
    { replicas: random.below(4) },
    { weight: random.pick([0, 10, 50, 100]) },
    { matchTrafficWeight: true },
  ];
  const scale: CanaryStep = { setCanaryScale: random.pick(scales as [object, ...object[]]) };
  if (!managedRoutes || random.chance(0.4)) return [scale];
  const match = random.chance(0.7) ? { exact: '1' } : undefined;
  return [
    random.chance(0.6)
      ? {
          setHeaderRoute: {
            name: 'beta',
            ...(match && { match: [{ headerName: 'X-Beta', headerValue: match }] }),
          },
        }
      : {
          setMirrorRoute: {
            name: 'copy',
            ...(match && { match: [{ method: { exact: 'GET' } }], percentage: 50 }),
          },
        },
  ];
}

function delaysOf(random: Random, isDynamic: boolean): Partial<CanaryStrategy> {
  return {
    ...(isDynamic && { dynamicStableScale: true }),
    ...(!isDynamic && random.chance(0.5) && { scaleDownDelaySeconds: random.pick([0, 1, 10, 40]) }),
    ...(!isDynamic && random.chance(0.3) && { scaleDownDelayRevisionLimit: random.below(3) }),
    ...(random.chance(0.5) && { abortScaleDownDelaySeconds: random.pick([0, 1, 10, 40]) }),
  };
}

/** What becomes of the objects of its routers. */
export function troubleRouters(random: Random, acts: Act[]): void {
  const lastAt = lastOf(acts);
  for (let left = random.below(6); left > 0; left -= 1) {
    const at = random.below(lastAt + 1);
    const deed = troubleOf(random);
    add(acts, { at, ...deed });
    const isDone = deed.do === 'router' && deed.how === 'delete';
    const isUnrouted = deed.do === 'unroute';
    const backAt = at + secondMs + random.below(minuteMs);
    if (isDone && random.chance(0.7)) add(acts, { ...deed, at: backAt, how: 'restore' });
    if (isUnrouted && random.chance(0.7)) add(acts, { at: backAt, do: 'reroute' });
  }
}

function troubleOf(random: Random): RouterDeed {
  const place = random.below(4);
  const how = random.pick(['delete', 'restore', 'edit', 'edit'] as const);
  if (random.chance(0.45)) return { do: 'router', how, place };
  const spanMs = random.below(90 * secondMs);
  const webhook = random.pick(['refuses', 'refuses', 'is silent'] as const);
  if (random.chance(0.45)) return { do: 'webhook', how: webhook, spanMs };
  if (random.chance(0.3)) return random.chance(0.7) ? { do: 'unroute' } : { do: 'reroute' };
  const name = random.pick(['active', 'preview'] as const);
  return { do: 'service', name, how: random.pick(['delete', 'restore', 'restore', 'unselect']) };
}
