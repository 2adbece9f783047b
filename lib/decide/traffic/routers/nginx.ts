import type { NginxTrafficRouting, ObjectMeta, Rollout } from '../../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../../model/faults.ts';
import { typeMetaOf } from '../../../model/kinds.ts';
import { refOf, type Write } from '../../../model/plan.ts';
import { annotationOf, isControlledBy, nameOf, uidOf } from '../../../model/workload.ts';
import { ownerOf } from '../../replicaSets/revision.ts';
import {
  changed,
  type Either,
  eitherFaults,
  type Named,
  namedBy,
  needOf,
  objectFaults,
  objectOf,
  unread,
} from '../objects.ts';
import type { Carried, Routed, Router, TrafficGoal } from '../router.ts';

// The NGINX Ingress controller sends a part of the requests by a second Ingress with the same rules, which
// its annotations mark as the canary of the first. argo v1.10.1 rollout/trafficrouting/nginx/nginx.go

type Ingress = {
  metadata?: ObjectMeta;
  spec?: { ingressClassName?: string | null; tls?: unknown[] | null; rules?: Rule[] | null };
};
type Rule = { http?: { paths?: Path[] | null } | null };
type Path = { backend?: { service?: { name: string } | null } };

/** An Ingress of the stable Service, and the one of the canary that is made of it. */
type Pair = { stable: Named<'Ingress'>; canary: Named<'Ingress'> };

const field = 'spec.strategy.canary.trafficRouting.nginx';
const classAnnotation = 'kubernetes.io/ingress.class';

export const nginx: Router = {
  name: 'nginx',
  isUsed: (routing) => routing.nginx !== undefined,
  can: ['totalWeight'],
  needsServices: () => true,
  // argo v1.10.1 pkg/apis/rollouts/validation/validation_references.go
  validate: (rollout) => eitherFaults(ingressesOf(rollout), 'the Ingress of stableService'),
  needs: ({ rollout }) =>
    pairsOf(rollout).flatMap(({ stable, canary }) => [needOf(stable), needOf(canary)]),
  check: (routed) => pairsOf(routed.rollout).flatMap((pair) => pairFaults(pair, routed)),
  carries,
  desired: (routed, goal) =>
    pairsOf(routed.rollout).flatMap((pair) => canaryWrites(pair, routed, goal)),
  giveBack: ({ rollout, answers }) =>
    pairsOf(rollout).flatMap(({ canary }): Write[] => {
      const ingress = objectOf(canary, answers);
      if (!ingress || !isControlledBy(ingress, uidOf(rollout))) return [];
      return [{ phase: 'route', do: 'delete', ref: refOf('Ingress', ingress) }];
    }),
};

function nginxOf({ spec }: Rollout): NginxTrafficRouting {
  return spec?.strategy?.canary?.trafficRouting?.nginx ?? {};
}

function ingressesOf(rollout: Rollout): Either {
  const { stableIngress, stableIngresses } = nginxOf(rollout);
  const one: Either['one'] = ['stableIngress', stableIngress];
  return { field, one, several: ['stableIngresses', stableIngresses] };
}

function pairsOf(rollout: Rollout): Pair[] {
  return namedBy('Ingress', ingressesOf(rollout), rollout).map((stable) => {
    const name = canaryName(nameOf(rollout), stable.ref.name);
    return { stable, canary: { ...stable, ref: { ...stable.ref, name } } };
  });
}

/** argo v1.10.1 utils/ingress/ingress.go GetCanaryIngressName */
function canaryName(rollout: string, ingress: string): string {
  const suffix = '-canary';
  return `${`${rollout}-${ingress}`.slice(0, 253 - suffix.length)}${suffix}`;
}

function pairFaults(
  { stable, canary }: Pair,
  { rollout, services, answers }: Routed,
): FieldError[] {
  const { path, ref } = stable;
  const ingress = objectOf(stable, answers);
  if (!ingress) return objectFaults(stable, answers);
  if (canaryRules(ingress, services).length === 0) {
    const message =
      `names the Ingress ${ref.name}, of which no rule leads to the Service ${services.stable}; ` +
      'give it a path with that backend';
    return fieldError(path, message);
  }
  const answer = answers.object(canary.ref);
  if (answer && 'failed' in answer) {
    return fieldError(path, `needs the Ingress ${canary.ref.name}, which ${unread(answer)}`);
  }
  const taken = objectOf(canary, answers);
  if (!taken || isControlledBy(taken, uidOf(rollout))) return [];
  const message =
    `needs an Ingress named ${canary.ref.name}, and there is one that is not this rollout's; ` +
    'delete or rename it';
  return fieldError(path, message);
}

function carries({ rollout, answers }: Routed): Carried[] {
  const prefix = prefixOf(rollout);
  const wanted = rollout.spec?.strategy?.canary?.trafficRouting?.maxTrafficWeight ?? 100;
  return pairsOf(rollout).flatMap(({ canary }): Carried[] => {
    const { ref } = canary;
    const answer = answers.object(ref);
    // Where there is none, nothing is sent to the canary.
    if (answer && 'missing' in answer) return [{ ref, canary: [0] }];
    const ingress = objectOf(canary, answers);
    const text = ingress && annotationOf(ingress, `${prefix}/canary-weight`);
    if (!text || !/^\d+$/.test(text)) return [];
    const total = Number(annotationOf(ingress, `${prefix}/canary-weight-total`)) || 100;
    return [{ ref, canary: [Math.ceil((Number(text) * wanted) / total)] }];
  });
}

function prefixOf(rollout: Rollout): string {
  return nginxOf(rollout).annotationPrefix || 'nginx.ingress.kubernetes.io';
}

function canaryWrites(pair: Pair, routed: Routed, goal: TrafficGoal): Write[] {
  const { rollout, answers } = routed;
  const stable = objectOf(pair.stable, answers);
  if (!stable) return [];
  const annotations = annotationsOf(rollout, stable, goal);
  const { ingressClassName, tls } = (stable as Ingress).spec ?? {};
  const spec = {
    ...(ingressClassName && { ingressClassName }),
    ...(tls && { tls }),
    rules: canaryRules(stable, routed.services),
  };
  const found = objectOf(pair.canary, answers);
  if (!found) {
    const { namespace, name } = pair.canary.ref;
    const metadata = { name, namespace, annotations, ownerReferences: [ownerOf(rollout)] };
    const object = { ...typeMetaOf('Ingress'), metadata, spec };
    return [{ phase: 'route', do: 'create', kind: 'Ingress', object }];
  }
  const total = `${prefixOf(rollout)}/canary-weight-total`;
  const { [total]: _, ...kept } = found.metadata?.annotations ?? {};
  const metadata = { ...found.metadata, annotations: { ...kept, ...annotations } };
  return changed('Ingress', found, { ...found, metadata, spec });
}

/** Those that the canary's Ingress must have; it may have others too. */
function annotationsOf(
  rollout: Rollout,
  stable: Ingress,
  { canary, total }: TrafficGoal,
): Record<string, string> {
  const prefix = prefixOf(rollout);
  const { additionalIngressAnnotations = {}, canaryIngressAnnotations } = nginxOf(rollout);
  const additional = Object.entries(additionalIngressAnnotations).map(
    ([name, value]) => [name.startsWith(prefix) ? name : `${prefix}/${name}`, value] as const,
  );
  const className = annotationOf(stable, classAnnotation);
  const hasTotal = rollout.spec?.strategy?.canary?.trafficRouting?.maxTrafficWeight !== undefined;
  return {
    ...(className !== undefined && { [classAnnotation]: className }),
    ...Object.fromEntries(additional),
    ...canaryIngressAnnotations,
    [`${prefix}/canary`]: 'true',
    [`${prefix}/canary-weight`]: String(canary.weight),
    ...(hasTotal && { [`${prefix}/canary-weight-total`]: String(total) }),
  };
}

/** Of the rules, those that name the stable Service, and in its place the canary's. */
function canaryRules({ spec }: Ingress, { canary, stable }: Routed['services']): Rule[] {
  const leadsToStable = ({ backend }: Path) => backend?.service?.name === stable;
  const led = (path: Path): Path =>
    leadsToStable(path)
      ? { ...path, backend: { service: { ...path.backend?.service, name: canary } } }
      : path;
  return (spec?.rules ?? []).flatMap((rule) => {
    const paths = rule.http?.paths ?? [];
    return paths.some(leadsToStable) ? [{ ...rule, http: { paths: paths.map(led) } }] : [];
  });
}
