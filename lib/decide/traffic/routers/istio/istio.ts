import type { IstioTrafficRouting, Rollout } from '../../../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../../../model/faults.ts';
import { type Either, eitherFaults, needOf } from '../../objects.ts';
import type { Routed, Router, TrafficGoal } from '../../router.ts';
import {
  namedRules,
  ruleFaults,
  ruleGivenBack,
  ruleHashes,
  ruleWrites,
  validateRule,
} from './destinationRule.ts';
import { managedNames } from './managedRoutes.ts';
import {
  entriesOf,
  entryCarries,
  entryFaults,
  takesRoutes,
  virtualServiceWrites,
} from './virtualService.ts';

const field = 'spec.strategy.canary.trafficRouting.istio';

/** Weights of the destinations of a VirtualService, and where a DestinationRule is named, its subsets. */
export const istio: Router = {
  name: 'istio',
  isUsed: (routing) => routing.istio !== undefined,
  can: ['additional', 'headerRoutes', 'mirrorRoutes', 'pingPong'],
  needsServices: ({ istio: { destinationRule } = {} }) => destinationRule === undefined,
  validate,
  needs: (routed) =>
    [...entriesOf(routed).map(({ named }) => named), ...namedRules(routed)].map(needOf),
  check: (routed) => [
    ...entriesOf(routed).flatMap((entry) => entryFaults(entry, routed)),
    ...ruleFaults(routed),
    ...routeFaults(routed),
  ],
  carries: (routed) => entriesOf(routed).flatMap((entry) => entryCarries(entry, routed)),
  hashes: ruleHashes,
  desired: (routed, goal) => [...virtualServiceWrites(routed, goal), ...ruleWrites(routed, goal)],
  giveBack: (routed) => [
    ...virtualServiceWrites(routed, allStable(routed)),
    ...ruleGivenBack(routed),
  ],
};

function allStable({ services }: Routed): TrafficGoal {
  return {
    total: 100,
    canary: { service: services.canary, weight: 0, hash: '' },
    stable: { service: services.stable, weight: 100, hash: '' },
    additional: [],
    routes: [],
  };
}

/** argo v1.10.1 pkg/apis/rollouts/validation/validation_references.go */
function validate(rollout: Rollout): FieldError[] {
  const istio: IstioTrafficRouting = rollout.spec?.strategy?.canary?.trafficRouting?.istio ?? {};
  const { virtualService, virtualServices, destinationRule } = istio;
  const named: Either = {
    field,
    one: ['virtualService', virtualService?.name],
    several: ['virtualServices', virtualServices?.map(({ name }) => name)],
  };
  const ofRule = destinationRule ? validateRule(destinationRule) : [];
  const unclear = eitherFaults(named, 'whose routes get the weights');
  if (unclear.length > 0) return [...unclear, ...ofRule];
  const managed = managedNames(rollout);
  const taken = entriesOf({ rollout }).flatMap(({ path, given }) =>
    (given.routes ?? []).flatMap((name, index) => {
      const message =
        `names the route ${name}, which is one of managedRoutes or of a step; ` +
        'rename that one, which is made and removed by the rollout';
      return managed.has(name) ? fieldError(`${path}.routes[${index}]`, message) : [];
    }),
  );
  return [...taken, ...ofRule];
}

/** Routes of steps have no place where there are no http routes at all. */
function routeFaults(routed: Routed): FieldError[] {
  const steps = routed.rollout.spec?.strategy?.canary?.steps ?? [];
  const [first, ...others] = entriesOf(routed);
  const isAsked = steps.some(({ setHeaderRoute, setMirrorRoute }) =>
    Boolean(setHeaderRoute ?? setMirrorRoute),
  );
  if (!isAsked || !first) return [];
  if ([first, ...others].some((entry) => takesRoutes(entry, routed))) return [];
  const message =
    `names the VirtualService ${first.named.ref.name}, which has no http routes, ` +
    'before which the routes of steps could stand; add one, or remove those steps';
  return fieldError(first.named.path, message);
}
