import { type FieldError, fieldError } from '../../../model/faults.ts';
import type { KubernetesObject } from '../../../model/kinds.ts';
import type { Write } from '../../../model/plan.ts';
import { type Backend, canaryPart, haveBoth, sideOf, withWeight } from '../backends.ts';
import { changed, type Named, namespaceOf, needOf, objectFaults, objectOf } from '../objects.ts';
import type { Routed, Router } from '../router.ts';

// A TraefikService parts requests between Services by weights.
// argo v1.10.1 rollout/trafficrouting/traefik/traefik.go

type TraefikService = { spec?: { weighted?: { services?: Backend[] } } };
type Group = 'TraefikService' | 'OldTraefikService';

const field = 'spec.strategy.canary.trafficRouting.traefik.weightedTraefikServiceName';

export const traefik: Router = {
  name: 'traefik',
  isUsed: (routing) => routing.traefik !== undefined,
  can: ['pingPong'],
  needsServices: () => true,
  validate: ({ spec }) =>
    spec?.strategy?.canary?.trafficRouting?.traefik?.weightedTraefikServiceName
      ? []
      : fieldError(field, 'must name a TraefikService'),
  needs: (routed) =>
    isIn('TraefikService', routed) === false
      ? [needOf(named('TraefikService', routed)), needOf(named('OldTraefikService', routed))]
      : [needOf(named('TraefikService', routed))],
  check: serviceFaults,
  carries: (routed) => {
    const found = foundIn(routed);
    const services = found ? weightedIn(found.object) : [];
    if (!found || !haveBoth(services, routed)) return [];
    return [{ ref: named(found.kind, routed).ref, canary: [canaryPart(services, routed)] }];
  },
  desired: (routed, { canary, stable }) => writes(routed, canary.weight, stable.weight),
  giveBack: (routed) => writes(routed, 0, 100),
};

function named<G extends Group>(kind: G, { rollout }: Routed): Named<G> {
  const { traefik: routing } = rollout.spec?.strategy?.canary?.trafficRouting ?? {};
  const name = routing?.weightedTraefikServiceName ?? '';
  return { path: field, ref: { kind, namespace: namespaceOf(rollout), name } };
}

/** Undefined as long as that is not known. */
function isIn(kind: Group, routed: Routed): boolean | undefined {
  const answer = routed.answers.object(named(kind, routed).ref);
  return answer && !('missing' in answer);
}

function isServed(kind: Group, routed: Routed): boolean {
  const answer = routed.answers.object(named(kind, routed).ref);
  return !(answer && 'missing' in answer && answer.unserved);
}

/** Of the two groups in which it may be, the newer one comes first. */
function foundIn(routed: Routed): { kind: Group; object: KubernetesObject } | undefined {
  const kind = isIn('TraefikService', routed) ? 'TraefikService' : 'OldTraefikService';
  const object = objectOf(named(kind, routed), routed.answers);
  return object && { kind, object };
}

function serviceFaults(routed: Routed): FieldError[] {
  const found = foundIn(routed);
  const { services, answers } = routed;
  if (!found) {
    const [missing = [], unread = []] = (['TraefikService', 'OldTraefikService'] as const).map(
      (kind) => objectFaults(named(kind, routed), answers),
    );
    if (isIn('OldTraefikService', routed)) return [...missing, ...unread];
    const isOld = !isServed('TraefikService', routed) && isServed('OldTraefikService', routed);
    return isOld ? unread : missing;
  }
  if (haveBoth(weightedIn(found.object), routed)) return [];
  const { name } = named(found.kind, routed).ref;
  const message =
    `names the TraefikService ${name}, whose spec.weighted.services are not both ` +
    `${services.stable} and ${services.canary}; add what is missing`;
  return fieldError(field, message);
}

function weightedIn(object: KubernetesObject): Backend[] {
  const { services } = (object as TraefikService).spec?.weighted ?? {};
  return Array.isArray(services) ? services : [];
}

function writes(routed: Routed, canary: number, stable: number): Write[] {
  const found = foundIn(routed);
  if (!found) return [];
  const wanted = { canary, stable };
  const services = weightedIn(found.object).map((service) => {
    const side = sideOf(service, routed);
    return side ? withWeight(service, wanted[side]) : service;
  });
  if (services.length === 0) return [];
  const { spec } = found.object as TraefikService;
  const weighted = { ...spec?.weighted, services };
  return changed(found.kind, found.object, { ...found.object, spec: { ...spec, weighted } });
}
