import type {
  Affinity,
  AntiAffinity,
  LabelSelector,
  PodAffinityTerm,
  Rollout,
} from '../../model/argo.generated.ts';
import { hashLabel } from '../../model/names.ts';

/**
 * The affinity of a new ReplicaSet: the template's, and during a release with `antiAffinity` a rule
 * that keeps canary pods off the nodes of stable ones.
 * argo v1.10.1 utils/replicaset/replicaset.go GenerateReplicaSetAffinity
 */
export function affinityOf(rollout: Rollout, templateHash: string): Affinity | undefined {
  const own = rollout.spec?.template?.spec?.affinity;
  const wish = wishOf(rollout);
  const stableHash = rollout.status?.stableRS;
  if (!wish || !stableHash || stableHash === templateHash) return own;
  const term: PodAffinityTerm = {
    labelSelector: {
      matchExpressions: [{ key: hashLabel, operator: 'In', values: [stableHash] }],
    },
    namespaces: [rollout.metadata?.namespace ?? ''],
    topologyKey: 'kubernetes.io/hostname',
  };
  const rules = own?.podAntiAffinity ?? {};
  const preferred = wish.preferredDuringSchedulingIgnoredDuringExecution;
  const podAntiAffinity = preferred
    ? {
        ...rules,
        preferredDuringSchedulingIgnoredDuringExecution: [
          ...(rules.preferredDuringSchedulingIgnoredDuringExecution ?? []),
          { weight: preferred.weight, podAffinityTerm: term },
        ],
      }
    : {
        ...rules,
        requiredDuringSchedulingIgnoredDuringExecution: [
          ...(rules.requiredDuringSchedulingIgnoredDuringExecution ?? []),
          term,
        ],
      };
  return { ...own, podAntiAffinity };
}

function wishOf({ spec }: Rollout): AntiAffinity | undefined {
  const { canary, blueGreen } = spec?.strategy ?? {};
  return canary?.antiAffinity ?? blueGreen?.antiAffinity;
}

/** The affinity without that rule; undefined when nothing is left. */
export function withoutInjectedRule(
  affinity: Affinity | undefined,
  rollout: Rollout,
): Affinity | undefined {
  const rules = affinity?.podAntiAffinity;
  if (!affinity || !rules || !wishOf(rollout)) return affinity;
  const preferred = (rules.preferredDuringSchedulingIgnoredDuringExecution ?? []).filter(
    (weighted) => !namesHash(weighted.podAffinityTerm?.labelSelector),
  );
  const required = (rules.requiredDuringSchedulingIgnoredDuringExecution ?? []).filter(
    (term) => !namesHash(term.labelSelector),
  );
  const podAntiAffinity = {
    ...(preferred.length > 0 && { preferredDuringSchedulingIgnoredDuringExecution: preferred }),
    ...(required.length > 0 && { requiredDuringSchedulingIgnoredDuringExecution: required }),
  };
  const { podAntiAffinity: _, ...rest } = affinity;
  const left = Object.keys(podAntiAffinity).length > 0 ? { ...rest, podAntiAffinity } : { ...rest };
  return Object.keys(left).length > 0 ? left : undefined;
}

/** Whether a rule put in earlier names another stable ReplicaSet than there is now. */
export function isRuleStale(affinity: Affinity | undefined, rollout: Rollout): boolean {
  const rules = affinity?.podAntiAffinity;
  const selectors = [
    ...(rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      (weighted) => weighted.podAffinityTerm?.labelSelector,
    ),
    ...(rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(
      (term) => term.labelSelector,
    ),
  ];
  const named = selectors.flatMap((selector) =>
    (selector?.matchExpressions ?? []).filter((expression) => expression.key === hashLabel),
  );
  return named.some((expression) => expression.values?.[0] !== rollout.status?.stableRS);
}

function namesHash(selector: LabelSelector | undefined): boolean {
  return (selector?.matchExpressions ?? []).some((expression) => expression.key === hashLabel);
}
