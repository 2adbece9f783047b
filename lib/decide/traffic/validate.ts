import type {
  CanaryStep,
  CanaryStrategy,
  RolloutTrafficRouting,
} from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';
import { unknownRouter } from './routed.ts';
import type { Ability, Router } from './router.ts';
import { routersOf } from './routers.ts';

// What is wrong with a canary's routing, whatever the cluster has: the peer's verdicts in our words.
// argo v1.10.1 pkg/apis/rollouts/validation/validation.go ValidateRolloutStrategyCanary

const field = 'spec.strategy.canary';

export function routingFaults(canary: CanaryStrategy): FieldError[] {
  const { trafficRouting: routing } = canary;
  const steps = (canary.steps ?? []).map((step, index) => {
    return { step, path: `${field}.steps[${index}]` };
  });
  if (!routing) {
    const shares = steps.flatMap(({ step, path }) => experimentFaults(step, path, []));
    return [...unroutedFaults(canary), ...pingPongFaults(canary), ...shares];
  }
  // Of a router that is not known nobody can say here what it needs and can do.
  if (unknownRouter(routing) !== undefined) return delayFaults(canary);
  const routers = routersOf(routing);
  const rollout = { spec: { strategy: { canary } } };
  return [
    ...pingPongFaults(canary),
    ...serviceFaults(canary, routing, routers),
    ...totalFaults(routing, routers),
    ...delayFaults(canary),
    ...steps.flatMap(({ step, path }) => [
      ...abilityFaults(step, path, routers),
      ...experimentFaults(step, path, routers),
    ]),
    ...routers.flatMap((router) => router.validate(rollout)),
  ];
}

function unroutedFaults(canary: CanaryStrategy): FieldError[] {
  return (['scaleDownDelaySeconds', 'dynamicStableScale'] as const).flatMap((name) =>
    canary[name] === undefined || canary[name] === false
      ? []
      : fieldError(`${field}.${name}`, 'works only with trafficRouting'),
  );
}

function can(routers: Router[], ability: Ability): boolean {
  return routers.some((router) => router.can.includes(ability));
}

function pingPongFaults({ pingPong, trafficRouting }: CanaryStrategy): FieldError[] {
  if (!pingPong) return [];
  const path = `${field}.pingPong`;
  const { pingService, pongService } = pingPong;
  const missing = (['pingService', 'pongService'] as const).filter((name) => !pingPong[name]);
  const isAble = !trafficRouting || can(routersOf(trafficRouting), 'pingPong');
  return [
    ...missing.flatMap((name) => fieldError(`${path}.${name}`, 'is missing; name a Service')),
    ...(missing.length === 0 && pingService === pongService
      ? fieldError(`${path}.pongService`, 'must be another Service than pingService')
      : []),
    ...(isAble ? [] : fieldError(path, 'works with no router that trafficRouting names')),
  ];
}

function serviceFaults(
  canary: CanaryStrategy,
  routing: RolloutTrafficRouting,
  routers: Router[],
): FieldError[] {
  const needs = routers.filter(
    (router) =>
      router.needsServices(routing) && !(canary.pingPong && router.can.includes('pingPong')),
  );
  const [router] = needs;
  if (!router) return [];
  return (['stableService', 'canaryService'] as const).flatMap((name) =>
    canary[name]
      ? []
      : fieldError(`${field}.${name}`, `is missing: ${router.name} sends requests to it`),
  );
}

function totalFaults({ maxTrafficWeight }: RolloutTrafficRouting, routers: Router[]): FieldError[] {
  const path = `${field}.trafficRouting.maxTrafficWeight`;
  if (maxTrafficWeight === undefined) return [];
  if (!can(routers, 'totalWeight')) {
    return fieldError(path, 'works with no router that trafficRouting names; leave it out');
  }
  return maxTrafficWeight >= 1
    ? []
    : fieldError(path, `must be 1 or more, not ${maxTrafficWeight}`);
}

function delayFaults(canary: CanaryStrategy): FieldError[] {
  const isBoth = canary.dynamicStableScale && canary.scaleDownDelaySeconds !== undefined;
  return isBoth
    ? fieldError(`${field}.dynamicStableScale`, 'works only without scaleDownDelaySeconds')
    : [];
}

/** argo v1.10.1 pkg/apis/rollouts/validation/validation.go */
function experimentFaults(
  { experiment }: CanaryStep,
  path: string,
  routers: Router[],
): FieldError[] {
  if (can(routers, 'additional')) return [];
  return (experiment?.templates ?? []).flatMap(({ weight }, index) =>
    weight === undefined
      ? []
      : fieldError(
          `${path}.experiment.templates[${index}].weight`,
          'works only with a router that can send to more than two Services, such as alb or istio',
        ),
  );
}

const abilities = { setHeaderRoute: 'headerRoutes', setMirrorRoute: 'mirrorRoutes' } as const;

function abilityFaults(step: CanaryStep, path: string, routers: Router[]): FieldError[] {
  return (['setHeaderRoute', 'setMirrorRoute'] as const).flatMap((name) =>
    !step[name] || can(routers, abilities[name])
      ? []
      : fieldError(`${path}.${name}`, 'works with no router that trafficRouting names'),
  );
}
