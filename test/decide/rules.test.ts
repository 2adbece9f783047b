import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { validate } from '../../lib/decide/guards/validate.ts';
import { affinityOf, withoutInjectedRule } from '../../lib/decide/release/affinity.ts';
import { nextCounts } from '../../lib/decide/release/counts.ts';
import type { Affinity } from '../../lib/model/argo.generated.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { deepEqual } from '../../lib/model/patch.ts';
import { make } from '../make.ts';
import { answerOf, onPurpose, type RuleCase, rolloutOf } from './ruleCases.ts';

const cases: RuleCase[] = JSON.parse(readFileSync(new URL('rules.json', import.meta.url), 'utf8'));
const byKind = Map.groupBy(cases, (each) => answerOf(each).kind);

describe('what Argo answered to random inputs', () => {
  it('has enough cases of every kind', () => {
    const few = [...byKind].filter(([, { length }]) => length < 40);
    expect([byKind.size, few.map(([kind]) => kind)]).toEqual([5, []]);
  });

  it.each(['sizes', 'phase', 'duration', 'validity', 'affinity'])(
    'is what we answer: %s',
    (kind) => {
      const differing = (byKind.get(kind) ?? [])
        .map((ruleCase) => ({ ruleCase, ...answerOf(ruleCase) }))
        .filter(({ ours, gos }) => !deepEqual(ours, gos))
        .filter(({ ruleCase }) => onPurpose(ruleCase) === undefined);
      expect(differing).toEqual([]);
    },
  );
});

describe('where we differ on purpose', () => {
  it('refuses a surge that is no number, where Argo lets no pod move', () => {
    const spec = (maxSurge: number | string) => ({ strategy: { canary: { maxSurge } } });
    for (const value of [-1, '-5%', 'abc', '', '1.5%', '+5%']) {
      expect(validate(rolloutOf(spec(value))), `${value}`).toHaveLength(1);
    }
    for (const value of [0, 3, '25', '25%', '150%']) {
      expect(validate(rolloutOf(spec(value))), `${value}`).toEqual([]);
    }
  });

  it('refuses a step with two actions, of which Argo forgets one', () => {
    const steps = [{ setWeight: 10, plugin: { name: 'p' } }];
    const [fault] = validate(rolloutOf({ strategy: { canary: { steps } } }));
    expect(fault?.message).toBe('must do one thing, not setWeight and plugin; make it 2 steps');
  });

  it('scales the one ReplicaSet to its size, where Argo takes it below and up again', () => {
    const canary = make.replicaSet({ spec: { replicas: 20 }, status: { availableReplicas: 5 } });
    const limits = { replicas: 10, maxSurge: 0, maxUnavailable: 2 };
    // Argo gives 7: it counts the ReplicaSet once as the canary and once as stable.
    expect(nextCounts({ canary, others: [] }, 100, limits)).toEqual({ canary: 10, stable: 0 });
  });

  it('takes out a rule of its own also when the strategy has changed its kind', () => {
    const selector = { matchExpressions: [{ key: hashLabel, operator: 'In', values: ['old'] }] };
    const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: selector };
    const affinity: Affinity = {
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] },
    };
    const preferredDuringSchedulingIgnoredDuringExecution = { weight: 5 };
    const rollout = make.rollout({
      spec: {
        strategy: { canary: { antiAffinity: { preferredDuringSchedulingIgnoredDuringExecution } } },
      },
      status: { stableRS: 'old' },
    });
    expect(withoutInjectedRule(affinity, rollout)).toBeUndefined();
    expect(affinityOf(rollout, 'old')).toBeUndefined();
  });
});
