import type { Rollout } from '../../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../../model/faults.ts';
import { type KubernetesObject, typeMetaOf } from '../../../model/kinds.ts';
import { refOf, type Write } from '../../../model/plan.ts';
import {
  changed,
  type Named,
  namespaceOf,
  needOf,
  objectFaults,
  objectOf,
  unread,
} from '../objects.ts';
import type { Carried, Routed, Router, TrafficGoal } from '../router.ts';

// Ambassador (Emissary-ingress) sends a part of the requests of a Mapping by a second one, which is the same
// but for its Service and a weight. argo v1.10.1 rollout/trafficrouting/ambassador/ambassador.go

type Spec = { prefix?: string; service?: string; weight?: number; [field: string]: unknown };

/** A Mapping of the stable Service, and the one of the canary that is made of it. */
type Pair = { base: Named<'Mapping'>; canary: Named<'Mapping'> };

const field = 'spec.strategy.canary.trafficRouting.ambassador.mappings';

export const ambassador: Router = {
  name: 'ambassador',
  isUsed: (routing) => routing.ambassador !== undefined,
  can: [],
  needsServices: () => true,
  validate,
  needs: ({ rollout }) =>
    pairsOf(rollout).flatMap(({ base, canary }) => [needOf(base), needOf(canary)]),
  check: (routed) => pairsOf(routed.rollout).flatMap((pair) => pairFaults(pair, routed)),
  carries: (routed) =>
    pairsOf(routed.rollout).flatMap(({ canary }): Carried[] => {
      const { ref } = canary;
      const answer = routed.answers.object(ref);
      if (answer && 'missing' in answer) return [{ ref, canary: [0] }];
      const found = objectOf(canary, routed.answers);
      // Mappings without a weight share alike.
      if (!found) return [];
      const { weight = 50 } = specOf(found);
      const { maxTrafficWeight: total = 100 } =
        routed.rollout.spec?.strategy?.canary?.trafficRouting ?? {};
      return [{ ref, canary: [Math.ceil((weight * total) / 100)] }];
    }),
  desired: (routed, goal) =>
    pairsOf(routed.rollout).flatMap((pair) => canaryWrites(pair, routed, goal)),
  giveBack: (routed) => pairsOf(routed.rollout).flatMap((pair) => removed(pair, routed)),
};

function mappingsOf({ spec }: Rollout): string[] {
  return spec?.strategy?.canary?.trafficRouting?.ambassador?.mappings ?? [];
}

function validate(rollout: Rollout): FieldError[] {
  const names = mappingsOf(rollout);
  if (names.length === 0)
    return fieldError(field, 'must name a Mapping that leads to stableService');
  return names.flatMap((name, index) =>
    name ? [] : fieldError(`${field}[${index}]`, 'must name a Mapping'),
  );
}

/** Each once. */
function pairsOf(rollout: Rollout): Pair[] {
  const place = { kind: 'Mapping', namespace: namespaceOf(rollout) } as const;
  return mappingsOf(rollout).flatMap((name, index, names) => {
    const path = `${field}[${index}]`;
    const pair = {
      base: { path, ref: { ...place, name } },
      canary: { path, ref: { ...place, name: `${name.slice(0, 246)}-canary` } },
    };
    return names.indexOf(name) === index ? [pair] : [];
  });
}

function specOf({ spec }: KubernetesObject): Spec {
  return (spec ?? {}) as Spec;
}

function pairFaults({ base, canary }: Pair, routed: Routed): FieldError[] {
  const { path, ref } = base;
  const found = objectOf(base, routed.answers);
  if (!found) return objectFaults(base, routed.answers);
  const { weight, service = '' } = specOf(found);
  const is = `names the Mapping ${ref.name}`;
  if (weight) {
    return fieldError(path, `${is}, which has a weight of its own; remove its spec.weight`);
  }
  if (canaryService(service, routed) === undefined) {
    const led = `does not lead to the Service ${routed.services.stable}, but to ${service || 'none'}`;
    return fieldError(path, `${is}, which ${led}; let it lead there`);
  }
  const answer = routed.answers.object(canary.ref);
  if (answer && 'failed' in answer) {
    return fieldError(path, `needs the Mapping ${canary.ref.name}, which ${unread(answer)}`);
  }
  const taken = objectOf(canary, routed.answers);
  if (!taken || isOfCanary(taken, found, routed)) return [];
  const message =
    `needs a Mapping named ${canary.ref.name}, and there is one for other requests; ` +
    'delete or rename it';
  return fieldError(path, message);
}

/**
 * What leads to the canary as the text leads to the stable Service: scheme, domain and port stay. Undefined
 * where it leads elsewhere.
 */
function canaryService(text: string, { rollout, services }: Routed): string | undefined {
  const { scheme = '', name, namespace, rest = '' } = parts.exec(text)?.groups ?? {};
  const own = namespaceOf(rollout);
  if (name !== services.stable || (namespace ?? own) !== own) return undefined;
  return `${scheme}${services.canary}${namespace === undefined ? '' : `.${namespace}`}${rest}`;
}

const parts = /^(?<scheme>[\w+]+:\/\/)?(?<name>[^.:/]+)(?:\.(?<namespace>[^.:/]+))?(?<rest>.*)$/;

/** Whether a Mapping takes requests from another one: nobody but the rollout has use for such a one. */
function isOfCanary(
  found: KubernetesObject,
  base: KubernetesObject | undefined,
  { services }: Routed,
): boolean {
  const { prefix, service = '' } = specOf(found);
  const isOfSame = base !== undefined && prefix === specOf(base).prefix;
  return isOfSame || parts.exec(service)?.groups?.name === services.canary;
}

/** There is one as long as the canary has a weight. */
function canaryWrites(pair: Pair, routed: Routed, { canary, total }: TrafficGoal): Write[] {
  const base = objectOf(pair.base, routed.answers);
  const service = base && canaryService(specOf(base).service ?? '', routed);
  if (!base || service === undefined) return [];
  const weight = Math.ceil((canary.weight * 100) / total);
  if (weight === 0) return removed(pair, routed);
  const spec = { ...specOf(base), service, weight };
  const found = objectOf(pair.canary, routed.answers);
  if (found) {
    const isOwn = isOfCanary(found, base, routed);
    return isOwn ? changed('Mapping', found, { ...found, spec }) : [];
  }
  const { namespace, name } = pair.canary.ref;
  const object = { ...typeMetaOf('Mapping'), metadata: { namespace, name }, spec };
  return [{ phase: 'route', do: 'create', kind: 'Mapping', object }];
}

function removed({ base, canary }: Pair, routed: Routed): Write[] {
  const found = objectOf(canary, routed.answers);
  if (!found || !isOfCanary(found, objectOf(base, routed.answers), routed)) return [];
  return [{ phase: 'route', do: 'delete', ref: refOf('Mapping', found) }];
}
