import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { unsupported } from '../../lib/decide/guards/validate.ts';
import { type Counts, goalCounts, limitsOf, nextCounts } from '../../lib/decide/release/counts.ts';
import { decide } from '../../lib/decide/rollout/decide.ts';
import type { ReplicaSet } from '../../lib/model/argo.generated.ts';
import type { Observed } from '../../lib/model/observed.ts';
import { applyMergePatch, deepEqual, mergePatches } from '../../lib/model/patch.ts';
import { isPatchOf, type Plan, type Write } from '../../lib/model/plan.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { nameOf } from '../../lib/model/workload.ts';
import { make, start } from '../make.ts';
import { oddObserved } from './odd.ts';

const runs = { numRuns: 1000 };

function holds(law: (observed: Observed, plan: Plan) => boolean): void {
  fc.assert(
    fc.property(oddObserved, (observed) => law(observed, decide(observed, start))),
    runs,
  );
}

describe('decide', { timeout: 60_000 }, () => {
  it('has a plan for everything, always the same, and leaves what it was given as it was', () => {
    holds((observed, plan) => {
      const again = structuredClone(observed);
      const isSame = isDeepStrictEqual(decide(again, start), plan);
      return isSame && isDeepStrictEqual(again, observed);
    });
  });

  it('acts, or wakes later than now, or waits for a named change', () => {
    holds((_, { writes, wake }) => {
      if (writes.length > 0) return true;
      return 'waitsFor' in wake ? wake.waitsFor !== '' : wake.at > start;
    });
  });

  it('never writes what is so already', () => {
    holds((observed, { writes }) => !writes.some((write) => isNoop(observed, write)));
  });

  it('looks again within a minute while a release is in progress', () => {
    holds((observed, { status, wake, conflictingController }) => {
      const isOurs =
        conflictingController === undefined && unsupported(observed.rollout) === undefined;
      if (!isOurs || status.phase !== 'Progressing') return true;
      return 'at' in wake && wake.at - start <= minuteMs;
    });
  });

  it('gives no ReplicaSet a size that cannot be', () => {
    holds((_, { writes }) => writes.flatMap(sizeIn).every(isSize));
  });

  it('makes nothing stable while the status was lost', () => {
    holds((observed, { status }) => {
      const { pauseConditions = [], stableRS } = observed.rollout.status ?? {};
      const isLost = pauseConditions.some(({ reason }) => reason === 'StatusLost');
      const known = [undefined, stableRS, observed.record?.progress?.stableRS];
      // Unless a person asks for it, with a promotion in full.
      const isAsked = observed.rollout.status?.promoteFull === true;
      return !isLost || isAsked || known.includes(status.stableRS);
    });
  });
});

function isSize(size: number): boolean {
  return Number.isInteger(size) && size >= 0 && !Object.is(size, -0);
}

function sizeIn(write: Write): number[] {
  if (!isPatchOf('ReplicaSet', write)) return [];
  const size = (write.patch.spec as { replicas?: number } | undefined)?.replicas;
  return size === undefined ? [] : [size];
}

function isNoop(observed: Observed, write: Write): boolean {
  if (write.do !== 'patch') return false;
  const objects = [observed.rollout, ...observed.replicaSets, ...(observed.pods ?? [])];
  const { ref } = write;
  const object =
    ref.kind === 'Rollout' ? observed.rollout : objects.find((each) => nameOf(each) === ref.name);
  const patch = mergePatches(write.patch, write.optional ?? {});
  return object !== undefined && deepEqual(applyMergePatch(object, patch), object);
}

type Case = {
  canary: ReplicaSet;
  stable?: ReplicaSet;
  others: ReplicaSet[];
  weight: number;
  limits: { replicas: number; maxSurge: number; maxUnavailable: number };
};

const size = fc.record({
  desired: fc.integer({ min: 0, max: 25 }),
  available: fc.integer({ min: 0, max: 25 }),
});

function setOf(name: string, { desired, available }: { desired: number; available: number }) {
  return make.replicaSet({
    metadata: { name },
    spec: { replicas: desired },
    status: { availableReplicas: available },
  });
}

const sizing: fc.Arbitrary<Case> = fc
  .record({
    canary: size,
    stable: fc.option(size, { nil: undefined }),
    others: fc.array(size, { maxLength: 2 }),
    weight: fc.integer({ min: 0, max: 100 }),
    replicas: fc.integer({ min: 0, max: 20 }),
    maxSurge: fc.constantFrom<number | string>(0, 1, 2, 5, '25%', '100%'),
    maxUnavailable: fc.constantFrom<number | string>(0, 1, 2, 5, '25%', '100%'),
  })
  .map(({ canary, stable, others, weight, replicas, maxSurge, maxUnavailable }) => ({
    canary: setOf('canary', canary),
    ...(stable && { stable: setOf('stable', stable) }),
    others: others.map((each, index) => setOf(`other-${index}`, each)),
    weight,
    limits: limitsOf(
      make.rollout({ spec: { replicas, strategy: { canary: { maxSurge, maxUnavailable } } } }),
    ),
  }));

const desired = (set?: ReplicaSet): number => set?.spec?.replicas ?? 0;
const sumOf = (sets: ReplicaSet[]): number => sets.reduce((sum, set) => sum + desired(set), 0);

function staying(sets: Case, counts: Counts): number {
  const kept = (set: ReplicaSet | undefined, left: number): number =>
    Math.min(set?.status?.availableReplicas ?? 0, left);
  return kept(sets.canary, counts.canary) + kept(sets.stable, counts.stable);
}

describe('nextCounts', { timeout: 60_000 }, () => {
  it('never asks for more than replicas + maxSurge, unless there are more already', () => {
    fc.assert(
      fc.property(sizing, (each) => {
        const { canary, stable } = nextCounts(each, each.weight, each.limits);
        const old = sumOf(each.others);
        const before = desired(each.canary) + desired(each.stable) + old;
        const ceiling = each.limits.replicas + each.limits.maxSurge;
        return canary + stable + old <= Math.max(ceiling, before);
      }),
      runs,
    );
  });

  it('never shrinks what is available below replicas - maxUnavailable', () => {
    fc.assert(
      fc.property(sizing, (each) => {
        const next = nextCounts(each, each.weight, each.limits);
        const now = { canary: desired(each.canary), stable: desired(each.stable) };
        const floor = each.limits.replicas - each.limits.maxUnavailable;
        return staying(each, next) >= Math.min(floor, staying(each, now));
      }),
      runs,
    );
  });

  it('comes to the goal when pods obey', () => {
    fc.assert(
      fc.property(sizing, ({ others: _, ...each }) => {
        let sets: Omit<Case, 'weight' | 'limits'> = { ...each, others: [] };
        const obey = (name: string, count: number) =>
          setOf(name, { desired: count, available: count });
        for (let turn = 0; turn < 40; turn += 1) {
          const next = nextCounts(sets, each.weight, each.limits);
          sets = {
            canary: obey('canary', next.canary),
            ...(sets.stable && { stable: obey('stable', next.stable) }),
            others: [],
          };
        }
        const reached = { canary: desired(sets.canary), stable: desired(sets.stable) };
        return isDeepStrictEqual(reached, goalCounts(sets, each.weight, each.limits));
      }),
      runs,
    );
  });
});
