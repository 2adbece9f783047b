import { describe, expect, it } from 'vitest';
import { decide } from '../../lib/decide/rollout/decide.ts';
import type { Observed } from '../../lib/model/observed.ts';
import { isStatusWrite } from '../../lib/model/plan.ts';
import { minuteMs, secondMs, toTime } from '../../lib/model/units.ts';
import { make, start } from '../make.ts';
import {
  carriedOut,
  patched,
  play,
  settled,
  sizes,
  statusPatch,
  stored,
  withImage,
} from './play.ts';

const fresh = make.observed({ rollout: make.rollout(), replicaSets: [] });
const pausedInStep = make.observedPaused();
const promoted = { status: { pauseConditions: null } };

function steps(...list: object[]) {
  return { spec: { strategy: { canary: { steps: list } } } };
}

describe('a first deployment', () => {
  it('creates the ReplicaSet in its size', () => {
    const plan = decide(fresh, start);
    expect(plan.writes.map(({ phase, do: what }) => [phase, what])).toEqual([
      ['create', 'create'],
      ['rollout', 'patch'],
      ['status', 'patch'],
    ]);
    expect(plan.writes[0]).toMatchObject({ object: { spec: { replicas: 4 } } });
    const message = expect.stringMatching(/^Scaled up ReplicaSet .* from 0 to 4$/);
    expect(plan.events).toContainEqual(expect.objectContaining({ message }));
    const { observed } = play(fresh, start);
    expect(sizes(observed)).toEqual({ 'web:1': 4 });
    expect(observed.rollout.status).toMatchObject({ phase: 'Healthy', currentStepIndex: 4 });
  });

  it('keeps to no step, and is stable before a pod is ready', () => {
    const { observed, plan } = play(fresh, start, () => true);
    expect(observed.rollout.status).toMatchObject({
      phase: 'Progressing',
      stableRS: make.hashOf('web:1'),
      currentStepIndex: 4,
    });
    expect(plan.reasons[0]?.text).toBe('0 of 4 pods of revision 1 are available.');
  });

  it('sets absent replicas to 1 first', () => {
    const rollout = make.rollout({ spec: { replicas: undefined } });
    const plan = decide({ ...fresh, rollout }, start);
    expect(plan.writes).toMatchObject([
      {
        ref: { kind: 'Rollout', resourceVersion: '100' },
        patch: { spec: { replicas: 1 } },
      },
    ]);
  });
});

describe('a pause', () => {
  const timed = patched(pausedInStep, promoted);

  it('begins in the turn that ends the step before, its start rounded up', () => {
    const { observed } = play(timed, start + 1);
    expect(observed.rollout.status).toMatchObject({
      currentStepIndex: 3,
      controllerPause: true,
      pauseConditions: [{ reason: 'CanaryPauseStep', startTime: toTime(start + secondMs) }],
    });
  });

  it.each([
    [0, 'Paused'],
    [59 * secondMs, 'Paused'],
    [minuteMs, 'Paused'],
    [minuteMs + 999, 'Paused'],
    [minuteMs + secondMs, 'Healthy'],
    [2 * minuteMs, 'Healthy'],
  ])('of a minute, begun 1 ms after the second, is %i ms later: %s', (laterMs, phase) => {
    const begun = play(timed, start + 1);
    expect(begun.plan.wake).toEqual({
      at: start + minuteMs + secondMs,
      why: 'the end of the pause',
    });
    const { observed } = play(begun.observed, start + laterMs);
    expect(observed.rollout.status?.phase).toBe(phase);
  });

  it('without a duration waits for a person, and for nothing else', () => {
    const plan = decide(pausedInStep, start + 1000 * 24 * 60 * minuteMs);
    expect(plan).toMatchObject({ writes: [], wake: { waitsFor: 'promote' } });
  });

  it('ends when its condition is gone, which is all the plugin takes away', () => {
    const { observed } = play(patched(pausedInStep, promoted), start);
    expect(sizes(observed)).toEqual({ 'web:1': 2, 'web:2': 2 });
  });

  it('by a person keeps every step and every size', () => {
    const held = patched(patched(pausedInStep, promoted), { spec: { paused: true } });
    const { observed, plan } = play(held, start);
    expect(sizes(observed)).toEqual({ 'web:1': 3, 'web:2': 1 });
    expect(plan.status).toMatchObject({ phase: 'Paused', message: 'manually paused' });
  });
});

describe('in mid-release', () => {
  it('a new image starts again at the first step, and the older canary goes', () => {
    const { observed } = play(withImage(pausedInStep, 'web:3'), start);
    expect(sizes(observed)).toEqual({ 'web:1': 3, 'web:2': 0, 'web:3': 1 });
    expect(observed.rollout.status).toMatchObject({ currentStepIndex: 1, phase: 'Paused' });
  });

  it('the stable image again needs no steps', () => {
    const { observed, plans } = play(withImage(pausedInStep, 'web:1'), start);
    expect(sizes(observed)).toEqual({ 'web:1': 4, 'web:2': 0 });
    expect(observed.rollout.status).toMatchObject({ phase: 'Healthy', currentStepIndex: 4 });
    expect(plans.flatMap((plan) => plan.events)).toContainEqual({
      type: 'Normal',
      reason: 'SkipSteps',
      message: 'Rollback to stable ReplicaSets',
    });
  });

  it('other steps start again at the first', () => {
    const { observed } = play(
      patched(pausedInStep, steps({ setWeight: 50 }, { pause: {} })),
      start,
    );
    expect(sizes(observed)).toEqual({ 'web:1': 2, 'web:2': 2 });
    expect(observed.rollout.status?.currentStepIndex).toBe(1);
  });

  it.each([
    [10, { 'web:1': 8, 'web:2': 3 }],
    [1, { 'web:1': 1, 'web:2': 1 }],
    [0, { 'web:1': 0, 'web:2': 0 }],
  ])('scaling to %i keeps the step and the pause', (replicas, expected) => {
    const { observed } = play(patched(pausedInStep, { spec: { replicas } }), start);
    expect(sizes(observed)).toEqual(expected);
    expect(observed.rollout.status).toMatchObject({ phase: 'Paused', currentStepIndex: 1 });
  });

  it('an abort goes back to stable', () => {
    const { observed } = play(patched(pausedInStep, { status: { abort: true } }), start);
    expect(sizes(observed)).toEqual({ 'web:1': 4, 'web:2': 0 });
    expect(observed.rollout.status).toMatchObject({ abort: true, phase: 'Degraded' });
    expect(observed.rollout.status?.message).toContain('aborted update to revision 2');
  });

  // DESIGN 6.1: an abort is decided before, and whatever happens to, the rest.
  it.each<[string, object]>([
    ['steps', { strategy: { canary: { steps: [{ setWeight: 101 }] } } }],
    ['a template', { template: { spec: { containers: [{ name: 'web' }] } } }],
    ['a surge', { strategy: { canary: { maxSurge: 'abc' } } }],
    ['a negative surge', { strategy: { canary: { maxSurge: -1 } } }],
    ['replicas', { replicas: -1 }],
    ['a deadline', { progressDeadlineSeconds: 0 }],
  ])('an abort goes back to stable with %s that cannot be', (_, spec) => {
    const faulty = patched(pausedInStep, { spec });
    expect(play(faulty, start).plan.status.message).toMatch(/^InvalidSpec/);
    const { observed } = play(patched(faulty, { status: { abort: true } }), start);
    expect(sizes(observed)).toEqual({ 'web:1': 4, 'web:2': 0 });
    expect(observed.rollout.status).toMatchObject({ abort: true, phase: 'Degraded' });
  });

  it('a retry starts again at the first step, and a full promote ends the abort', () => {
    const aborted = play(patched(pausedInStep, { status: { abort: true } }), start).observed;
    const retried = play(patched(aborted, { status: { abort: false } }), start + minuteMs).observed;
    expect(sizes(retried)).toEqual({ 'web:1': 3, 'web:2': 1 });
    expect(retried.rollout.status).toMatchObject({ phase: 'Paused', currentStepIndex: 1 });
    const full = play(patched(aborted, { status: { promoteFull: true } }), start).observed;
    expect(sizes(full)).toEqual({ 'web:1': 0, 'web:2': 4 });
    expect(full.rollout.status?.phase).toBe('Healthy');
  });

  it('a full promote with broken pods goes no further than the surge', () => {
    const seen = patched(pausedInStep, { status: { promoteFull: true } });
    const { observed } = play(seen, start, ({ metadata }) =>
      Boolean(metadata?.name?.endsWith(make.hashOf('web:2'))),
    );
    expect(sizes(observed)).toEqual({ 'web:1': 3, 'web:2': 2 });
  });
});

describe('the progress deadline', () => {
  const spec = { progressDeadlineSeconds: 60 };
  const isNew = (seen: Observed) => (set: { metadata?: { name?: string } }) =>
    !seen.replicaSets.some(({ metadata }) => metadata?.name === set.metadata?.name);

  function stuck(abort: boolean) {
    const seen = make.observed();
    const broken = isNew(seen);
    const asked = patched(withImage(seen, 'web:2'), {
      spec: { ...spec, ...(abort && { progressDeadlineAbort: true }) },
    });
    const begun = play(asked, start, broken);
    return { begun, later: (ms: number) => play(begun.observed, start + ms, broken) };
  }

  it('is looked at when it is over, and not sooner than that', () => {
    const { begun } = stuck(false);
    expect(begun.plan.status.phase).toBe('Progressing');
    expect(begun.plan.wake).toMatchObject({ at: expect.any(Number) });
  });

  it.each([
    [60 * secondMs, 'Progressing'],
    [60 * secondMs + 1, 'Degraded'],
  ])('of 60 s is after %i ms: %s', (laterMs, phase) => {
    const { observed, plan } = stuck(false).later(laterMs);
    expect(plan.status.phase).toBe(phase);
    expect(plan.status.abort).toBeUndefined();
    expect(sizes(observed)).toEqual({ 'web:1': 4, 'web:2': 1 });
  });

  it('aborts where the spec asks for it', () => {
    const { observed, plan } = stuck(true).later(61 * secondMs);
    expect(plan.status).toMatchObject({ abort: true, phase: 'Degraded' });
    expect(plan.status.message).toMatch(/^RolloutAborted: .*has timed out progressing\.$/);
    expect(sizes(observed)).toEqual({ 'web:1': 4, 'web:2': 0 });
  });

  it('does not run over a pause, and starts anew after it', () => {
    const seen = patched(pausedInStep, { spec: { ...spec, progressDeadlineAbort: true } });
    const late = start + 60 * minuteMs;
    expect(play(seen, late).plan.status.phase).toBe('Paused');
    const { plan } = play(patched(seen, promoted), late, () => true);
    expect(plan.status.abort).toBeUndefined();
  });
});

describe('replicaProgressThreshold', () => {
  it.each([
    ['Percent', 50, 2, true],
    ['Percent', 51, 2, false],
    ['Percent', 100, 4, true],
    ['Percent', 0, 0, true],
    ['Percent', -1, 3, false],
    ['Pods', 2, 2, true],
    ['Pods', 3, 2, false],
  ])('of %s %i with %i of 4 pods available: done %s', (type, value, available, done) => {
    const seen = make.observedPaused({
      rollout: make.paused({
        spec: { strategy: { canary: { replicaProgressThreshold: { type, value } } } },
        status: { currentStepIndex: 4, pauseConditions: undefined, controllerPause: undefined },
      }),
      replicaSets: [
        make.revision(1, 'web:1', { spec: { replicas: 0 } }),
        settled(make.revision(2, 'web:2'), available),
      ],
    });
    expect(decide(seen, start).status.stableRS === make.hashOf('web:2')).toBe(done);
  });
});

describe('the rollback window', () => {
  const third = make.revision(3, 'web:3');
  const old = (number: number) => make.revision(number, `web:${number}`, { spec: { replicas: 0 } });

  it.each([
    [2, 0, false],
    [2, 1, true],
    [1, 1, false],
    [1, 2, true],
  ])('back to web:%i with a window of %i skips the steps: %s', (number, revisions, skips) => {
    const seen = make.observed({
      rollout: make.released({
        metadata: { annotations: { 'rollout.argoproj.io/revision': '3' } },
        spec: {
          rollbackWindow: { revisions },
          template: { spec: { containers: [{ name: 'web', image: 'web:3' }] } },
        },
        status: { stableRS: make.hashOf('web:3'), currentPodHash: make.hashOf('web:3') },
      }),
      replicaSets: [old(1), old(2), third],
    });
    const { observed } = play(withImage(seen, `web:${number}`), start);
    expect(observed.rollout.status?.phase).toBe(skips ? 'Healthy' : 'Paused');
    expect(sizes(observed)[`web:${number}`]).toBe(skips ? 4 : 1);
  });
});

describe('a restart', () => {
  const restartAt = toTime(start - minuteMs);
  const set = make.replicaSet();
  const pods = ['a', 'b', 'c', 'd'].map((name) => make.pod(set, name));
  const seen = make.observed({ rollout: make.released({ spec: { restartAt } }), pods });

  it('evicts one old pod at a time, says so, and resizes nothing in that turn', () => {
    const plan = decide(seen, start);
    expect(plan.writes.filter((write) => !isStatusWrite(write))).toMatchObject([
      { do: 'evict', ref: { name: 'a', uid: 'uid-of-a' } },
    ]);
    expect(statusPatch(plan)?.message).toBe('rollout is restarting');
  });

  it('waits until the pod evicted before has a successor', () => {
    const { writes } = decide({ ...seen, pods: pods.slice(1) }, start);
    expect(writes.filter((write) => write.do === 'evict')).toEqual([]);
  });

  it('is done when no older pod is left, and is not begun before its time', () => {
    const young = pods.map((pod) =>
      stored(pod, { metadata: { creationTimestamp: toTime(start) } }),
    );
    expect(statusPatch(decide({ ...seen, pods: young }, start))?.restartedAt).toBe(restartAt);
    const { writes, wake } = decide(seen, start - 2 * minuteMs);
    expect(writes.filter((write) => write.do === 'evict')).toEqual([]);
    expect(wake).toMatchObject({ at: start - minuteMs });
  });

  it.each(['2026-01-31T12:59:00+01:00', '2026-01-31T11:59:00.5Z'])(
    'that Argo has carried out is not asked for again by %s, the same second',
    (asked) => {
      const rollout = make.released({
        spec: { restartAt: asked },
        status: { restartedAt: restartAt },
      });
      expect(decide({ ...seen, rollout }, start).writes).toEqual([]);
    },
  );
});

describe('the history', () => {
  it('keeps revisionHistoryLimit old ReplicaSets, those with pods besides', () => {
    const old = [1, 2, 3].map((number) =>
      make.revision(number, `web:old${number}`, { spec: { replicas: number === 1 ? 1 : 0 } }),
    );
    const seen = make.observed({
      rollout: make.released({ spec: { revisionHistoryLimit: 1 } }),
      replicaSets: [...old, make.revision(4, 'web:1')],
    });
    const plan = decide(seen, start);
    const deleted = plan.writes.flatMap((write) => (write.do === 'delete' ? [write.ref.name] : []));
    expect(deleted).toEqual([old[1]?.metadata?.name]);
    expect(Object.keys(sizes(carriedOut(seen, plan, start)))).toHaveLength(3);
  });
});
