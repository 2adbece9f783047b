// The cases that `types rules` prints (test/cluster/types/README.md), answered by our own code.

import { validate } from '../../lib/decide/guards/validate.ts';
import { affinityOf, isRuleStale, withoutInjectedRule } from '../../lib/decide/release/affinity.ts';
import { type Counts, goalCounts, limitsOf, nextCounts } from '../../lib/decide/release/counts.ts';
import type { Release } from '../../lib/decide/release/release.ts';
import { setsOf } from '../../lib/decide/release/release.ts';
import { phaseOf } from '../../lib/decide/status/phase.ts';
import { currentStep } from '../../lib/decide/steps/steps.ts';
import { setWeightOf, sizingWeight } from '../../lib/decide/steps/weight.ts';
import { decideCanary } from '../../lib/decide/strategy/canary.ts';
import type {
  Affinity,
  CanaryStep,
  ReplicaSet,
  Rollout,
  RolloutSpec,
} from '../../lib/model/argo.generated.ts';
import { podTemplateHash } from '../../lib/model/hash.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { applyMergePatch } from '../../lib/model/patch.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { durationSeconds } from '../../lib/model/units.ts';

/** Desired, current and available pods. */
type Size = [number, number, number];

type SizesCase = {
  rollout: Rollout;
  canary?: Size;
  stable?: Size;
  /** The stable ReplicaSet is the canary itself. */
  same?: boolean;
  others: Size[];
  go: {
    counts: [number, number];
    surge: number;
    unavailable: number;
    weight: number;
    sizing: number;
    /** Whether all ReplicaSets have the sizes of the step, and enough of all pods are available. */
    at: boolean;
    enough: boolean;
    step?: CanaryStep;
  };
};

export type RuleCase =
  | SizesCase
  | { phase: Rollout; go: { phase: string; message: string } }
  | { duration: number | string; go: number }
  | { spec: MergePatch; go: string[] }
  | {
      affinity: Rollout;
      live: Affinity;
      go: { generated: Affinity | null; removed: Affinity | null; stale: boolean };
    };

export type Answer = { kind: string; ours: unknown; gos: unknown };

/** When no restart in the cases is still to come: those that are, are no progress with us. */
const afterAll = Date.parse('2100-01-01T00:00:00Z');

/** What we say to the case, and what Argo says. */
export function answerOf(ruleCase: RuleCase): Answer {
  if ('rollout' in ruleCase) return sizesAnswer(ruleCase);
  if ('phase' in ruleCase) {
    const { spec = {}, status = {} } = ruleCase.phase;
    return { kind: 'phase', ours: phaseOf(spec, status, afterAll), gos: ruleCase.go };
  }
  if ('duration' in ruleCase) {
    // What is below zero is refused: by how much, nobody asks.
    const ours = Math.max(-1, durationSeconds(ruleCase.duration));
    return { kind: 'duration', ours, gos: Math.max(-1, ruleCase.go) };
  }
  if ('spec' in ruleCase) {
    const ours = validate(rolloutOf(ruleCase.spec)).length === 0;
    return { kind: 'validity', ours, gos: ruleCase.go.length === 0 };
  }
  const { affinity: rollout, live, go } = ruleCase;
  const hash = podTemplateHash(rollout.spec?.template, rollout.status?.collisionCount);
  const ours = {
    generated: affinityOf(rollout, hash) ?? null,
    removed: withoutEmptyRules(withoutInjectedRule(live, rollout)),
    // We also call a rule stale that serves nothing any more, and take it out.
    stale: go.stale && isRuleStale(live, rollout),
  };
  const gos = { ...go, removed: withoutEmptyRules(go.removed ?? undefined) };
  return { kind: 'affinity', ours, gos };
}

/** An object without rules says what an absent one says. */
function withoutEmptyRules(affinity: Affinity | undefined): Affinity | null {
  const { podAntiAffinity, ...rest } = affinity ?? {};
  const kept = Object.keys(podAntiAffinity ?? {}).length > 0 ? { ...rest, podAntiAffinity } : rest;
  return Object.keys(kept).length > 0 ? (kept as Affinity) : null;
}

const twoActions = 'a step with two actions: Argo takes the first it knows of';
const notTheCanarys = 'only with trafficRouting, which is left alone as a whole';
const fieldsOnPurpose: [RegExp, string][] = [
  [/^spec\.template\.(labels|annotations|spec)/, 'the API server judges templates, in a dry run'],
  [/^spec\.selector/, 'the API server judges the texts of labels, in a dry run'],
  [/experiment\.templates\[\d+\]\.weight$/, notTheCanarys],
];

/** Why we differ from Argo on purpose in such a case; undefined where we must not. */
export function onPurpose(ruleCase: RuleCase): string | undefined {
  if ('rollout' in ruleCase) {
    const { maxSurge, maxUnavailable } = ruleCase.rollout.spec?.strategy?.canary ?? {};
    if (isMalformed(maxSurge) || isMalformed(maxUnavailable)) return 'refused: it is malformed';
    const threshold = ruleCase.rollout.spec?.strategy?.canary?.replicaProgressThreshold;
    const [pods = 0] = ruleCase.go.counts;
    if (threshold && threshold.type !== 'Percent' && threshold.value > pods) {
      return 'a threshold beyond the pods there are: docs/adr/0012';
    }
    const [desired = 0] = ruleCase.canary ?? [];
    return ruleCase.same && desired > (ruleCase.rollout.spec?.replicas ?? 1)
      ? 'Argo counts a ReplicaSet twice that is both canary and stable'
      : undefined;
  }
  if (!('spec' in ruleCase)) return undefined;
  const rollout = rolloutOf(ruleCase.spec);
  if (rollout.spec?.workloadRef) return 'workloadRef is left alone as a whole';
  if (ruleCase.go.length > 0) {
    const found = ruleCase.go.map((path) => fieldsOnPurpose.find(([shape]) => shape.test(path)));
    return found.some((each) => each === undefined) ? undefined : found[0]?.[1];
  }
  const ours = validate(rollout).map(({ path }) => path);
  if (ours.every((path) => /\.max(Surge|Unavailable)$/.test(path))) return 'refused: malformed';
  const known = /\.max(Surge|Unavailable)$|\.steps\[\d+\]$/;
  return ours.every((path) => known.test(path)) ? twoActions : undefined;
}

function isMalformed(fencepost: number | string | undefined): boolean {
  return typeof fencepost === 'string' && !/^\d+%?$/.test(fencepost);
}

function sizesAnswer(sizes: SizesCase): Answer {
  const { rollout, go } = sizes;
  const release = releaseOf(sizes);
  const { maxSurge, maxUnavailable, ...rest } = limitsOf(rollout);
  const sets = setsOf(release);
  const weight = sizingWeight(rollout);
  const next = nextCounts(sets, weight, { ...rest, maxSurge, maxUnavailable });
  const step = currentStep(rollout);
  const ours: Partial<SizesCase['go']> = {
    counts: [next.canary, next.stable],
    surge: maxSurge,
    unavailable: maxUnavailable,
    weight: setWeightOf(rollout),
    sizing: weight,
    ...(step && { step }),
  };
  // Without a stable ReplicaSet of its own, nobody asks for its size.
  const isAlone = sets.stable === undefined;
  const gos: Partial<SizesCase['go']> = {
    ...go,
    counts: [go.counts[0], isAlone ? next.stable : go.counts[1]],
  };
  delete gos.at;
  delete gos.enough;
  const goal = goalCounts(sets, weight, limitsOf(rollout));
  if (isAskedForStep(release, goal)) {
    const index = rollout.status?.currentStepIndex ?? 0;
    ours.at = decideCanary(release, undefined).status.currentStepIndex === index + 1;
    // Argo is content with the sizes it can get for now; we wait for those of the weight.
    gos.at = go.at && go.counts[0] === goal.canary && go.counts[1] === goal.stable;
  }
  if (isAskedForPods(release)) {
    ours.enough = decideCanary(release, undefined).status.stableRS === 'c';
    // More available pods than wanted are enough too. argo v1.10.1 rollout/sync.go
    const wanted = rollout.spec?.replicas ?? 1;
    gos.enough = go.enough || (sizes.canary?.[2] ?? 0) >= wanted;
  }
  return { kind: 'sizes', ours, gos };
}

/** The size of the step decides what happens next, and nothing else. */
function isAskedForStep({ rollout, stable, current }: Release, goal: Counts): boolean {
  const { abort, promoteFull, stableRS } = rollout.status ?? {};
  const isWeight = currentStep(rollout)?.setWeight !== undefined;
  // A threshold asks for available pods only, whatever size the canary has: for both, unless Argo
  // has other sizes in mind than those of the weight.
  const hasThreshold = rollout.spec?.strategy?.canary?.replicaProgressThreshold !== undefined;
  if (hasThreshold && (current?.spec?.replicas ?? 0) !== goal.canary) return false;
  return isWeight && !abort && !promoteFull && stableRS === 's' && Boolean(stable && current);
}

/** The available pods decide whether the canary becomes stable, and nothing else. */
function isAskedForPods({ rollout, stable, current }: Release): boolean {
  const { abort, stableRS } = rollout.status ?? {};
  const isLast =
    currentStep(rollout) === undefined &&
    (rollout.status?.currentStepIndex ?? 0) ===
      (rollout.spec?.strategy?.canary?.steps ?? []).length;
  return isLast && !abort && stableRS === 's' && Boolean(stable && current);
}

function releaseOf(sizes: SizesCase): Release {
  const current = sizes.canary && replicaSetOf('c', sizes.canary);
  const stable = sizes.same ? current : sizes.stable && replicaSetOf('s', sizes.stable);
  const others = sizes.others.map((size, index) => replicaSetOf(`o${index}`, size));
  const rollout: Rollout = {
    ...sizes.rollout,
    status: { ...sizes.rollout.status, currentStepHash: 'steps' },
  };
  return {
    now: 0,
    observed: {
      key: { cluster: 'test', namespace: 'shop', name: 'web' },
      rollout,
      replicaSets: [],
      services: {},
      instanceId: '',
      doorbell: false,
    },
    rollout,
    status: rollout.status ?? {},
    templateHash: 'c',
    stepHash: 'steps',
    ...(current && { current }),
    ...(stable && { stable }),
    others,
    all: [current, sizes.same ? undefined : stable, ...others].filter((set) => set !== undefined),
  };
}

function replicaSetOf(name: string, [desired, current, available]: Size): ReplicaSet {
  return {
    metadata: { name, labels: { [hashLabel]: name } },
    spec: { replicas: desired, selector: {} },
    status: { replicas: current, availableReplicas: available },
  };
}

/** The valid rollout that the patches of the cases change. test/cluster/types/rules_validity.go */
const validSpec: RolloutSpec = {
  replicas: 3,
  selector: { matchLabels: { app: 'web' } },
  template: {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'web:1' }] },
  },
  strategy: {
    canary: { maxSurge: 1, maxUnavailable: 1, steps: [{ setWeight: 20 }, { pause: {} }] },
  },
};

/** The rollout of a validity case. */
export function rolloutOf(patch: MergePatch): Rollout {
  const spec = applyMergePatch(validSpec, patch);
  return { metadata: { name: 'web', namespace: 'shop' }, spec };
}
