import type { IstioDestinationRule } from '../../../../model/argo.generated.ts';
import type { Routed, TrafficGoal } from '../../router.ts';
import { type Host, hostOf, isForeign, isSameHost, type Namespaces, ownService } from './hosts.ts';

// The destinations of a route, and what each of them is to the rollout.
// argo v1.10.1 rollout/trafficrouting/istio/istio.go

export type RouteDestination = { destination?: Target; weight?: number };
export type Target = { host?: string; subset?: string; port?: { number?: number } };

/**
 * By what the two versions are told apart in one VirtualService: subsets of one host, or Services. Of a rule
 * that has none or is not known the host is absent.
 */
export type Sides = Namespaces & {
  services: Routed['services'];
  rule: IstioDestinationRule | undefined;
  ruleHost: Host | undefined;
  rollout: string;
};

/** `kept`: of a subset that the spec leaves to others. */
export type Side = 'canary' | 'stable' | 'kept' | 'other';

export function sideOf({ destination = {} }: RouteDestination, sides: Sides): Side {
  const { services, rule } = sides;
  const { subset } = destination;
  if (rule && subset && isOfRule(destination, sides)) {
    if (subset === rule.canarySubsetName) return 'canary';
    if (subset === rule.stableSubsetName) return 'stable';
    if (rule.additionalSubsetNames?.includes(subset)) return 'kept';
  }
  const service = ownService(destination, sides);
  if (service === '') return 'other';
  if (service === services.canary) return 'canary';
  return service === services.stable ? 'stable' : 'other';
}

/** Whether a route tells a version apart as the spec says. */
export function leadsTo(
  side: 'canary' | 'stable',
  destinations: RouteDestination[],
  sides: Sides,
): boolean {
  const { services, rule } = sides;
  const subset = side === 'canary' ? rule?.canarySubsetName : rule?.stableSubsetName;
  return destinations.some(({ destination = {} }) =>
    rule
      ? destination.subset === subset && isOfRule(destination, sides)
      : services[side] !== '' && ownService(destination, sides) === services[side],
  );
}

/**
 * Whether subsets of a target are those of the DestinationRule. What host that has says who writes the
 * rollout, so for a VirtualService of another namespace it does not suffice.
 */
function isOfRule(target: Target, sides: Sides): boolean {
  const { ruleHost, from, own } = sides;
  const host = hostOf(target.host ?? '', from);
  if (!ruleHost) return host.namespace === own;
  return isSameHost(host, ruleHost) && (!isForeign(sides) || host.namespace === own);
}

/** What belongs to a VirtualService of another namespace leads nowhere else than to the rollout's. */
export function leadsOnlyToOwn(destinations: RouteDestination[], sides: Sides): boolean {
  return destinations.every(({ destination = {} }) => ownService(destination, sides) !== '');
}

export function reweighted(
  destinations: RouteDestination[],
  sides: Sides,
  goal: TrafficGoal,
): RouteDestination[] {
  const kept = destinations.filter((each) => sideOf(each, sides) === 'kept');
  const taken = kept.reduce((sum, { weight = 0 }) => sum + weight, 0);
  const stable = Math.max(0, goal.stable.weight - taken);
  const isFirst = (each: RouteDestination) =>
    destinations.find((other) => isSameService(other, each, sides)) === each;
  const after = destinations.flatMap((each) => {
    const side = sideOf(each, sides);
    if (side === 'canary') return [withWeight(each, goal.canary.weight)];
    if (side === 'stable') return [withWeight(each, stable)];
    if (side === 'kept') return [each];
    const service = ownService(each.destination ?? {}, sides);
    const experiment = goal.additional.find((one) => one.service === service);
    if (experiment && isFirst(each)) return [withWeight(each, experiment.weight)];
    return isLeftOver(each, sides) ? [] : [each];
  });
  const domain = domainOf(destinations, sides);
  const added = goal.additional
    .filter(({ service }) =>
      destinations.every(({ destination = {} }) => ownService(destination, sides) !== service),
    )
    .map(({ service, weight }) => ({ destination: { host: `${service}${domain}` }, weight }));
  return [...after, ...added];
}

function isSameService(left: RouteDestination, right: RouteDestination, { from }: Sides): boolean {
  const [one, other] = [left, right].map(({ destination }) =>
    hostOf(destination?.host ?? '', from),
  );
  return one !== undefined && other !== undefined && isSameHost(one, other);
}

/** An absent weight is 0, and stays absent where it is to be that. */
function withWeight(each: RouteDestination, weight: number): RouteDestination {
  return (each.weight ?? 0) === weight ? each : { ...each, weight };
}

/**
 * Whether a destination goes: with a weight, all would be more than 100; and those of an experiment that is
 * over lead to Services that are gone.
 */
function isLeftOver({ destination = {}, weight = 0 }: RouteDestination, sides: Sides): boolean {
  const service = ownService(destination, sides);
  return weight > 0 || !destination.host || isOfExperiment(service, sides.rollout);
}

/** Of a step: ROLLOUT-HASH-REVISION-STEP-TEMPLATE. argo v1.10.1 rollout/experiment.go */
function isOfExperiment(service: string, rollout: string): boolean {
  const rest = service.slice(rollout.length);
  return service.startsWith(rollout) && /^-[0-9a-z]+-\d+-\d+(?:-\d+)?-./.test(rest);
}

/** What stands behind the names of Services: nothing, or `.NAMESPACE.svc.cluster.local`. */
function domainOf(destinations: RouteDestination[], sides: Sides): string {
  const own = destinations.find((each) => ['canary', 'stable'].includes(sideOf(each, sides)));
  const host = own?.destination?.host ?? '';
  return host.includes('.') ? host.slice(host.indexOf('.')) : '';
}

/** The part of a route's requests that goes to the canary, in 100. */
export function canaryShare(destinations: RouteDestination[], sides: Sides): number {
  const sum = (list: RouteDestination[]) => list.reduce((all, { weight = 0 }) => all + weight, 0);
  const weight = sum(destinations.filter((each) => sideOf(each, sides) === 'canary'));
  const total = sum(destinations);
  return total > 0 ? Math.max(weight, Math.ceil((weight * 100) / total)) : 0;
}
