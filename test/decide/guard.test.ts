import { describe, expect, it } from 'vitest';
import { backOffMs } from '../../lib/decide/guards/conflictingController.ts';
import { decide } from '../../lib/decide/rollout/decide.ts';
import { podTemplateHash } from '../../lib/model/hash.ts';
import { hashLabel, instanceIdLabel } from '../../lib/model/names.ts';
import type { Observed } from '../../lib/model/observed.ts';
import { isStatusWrite } from '../../lib/model/plan.ts';
import { minuteMs, secondMs, toTime } from '../../lib/model/units.ts';
import { make, start } from '../make.ts';
import { carriedOut, patched, play, sizes, statusPatch } from './play.ts';

const pausedInStep = make.observedPaused();
const [, canarySet] = pausedInStep.replicaSets;
const wiped = (record?: Observed['record']): Observed => {
  const { status: _, ...rollout } = pausedInStep.rollout;
  const { record: __, ...rest } = pausedInStep;
  return { ...rest, rollout, ...(record && { record }) };
};

describe('a wiped status', () => {
  it('is put back from the record when all of it fits', () => {
    const { observed, plans } = play(wiped(make.record({ progress: make.progress() })), start);
    expect(plans[0]?.restored).toBe(true);
    const { conditions: _, ...expected } = pausedInStep.rollout.status ?? {};
    expect(observed.rollout.status).toMatchObject(expected);
    expect(sizes(observed)).toEqual({ 'web:1': 3, 'web:2': 1 });
  });

  it.each<[string, Observed['record'], Partial<Observed>]>([
    ['no record', undefined, {}],
    ['another template', make.record({ progress: make.progress({ currentPodHash: 'x' }) }), {}],
    ['other steps', make.record({ progress: make.progress({ currentStepHash: 'x' }) }), {}],
    ['a newer ReplicaSet', make.record({ progress: make.progress({ revision: 1 }) }), {}],
    ['a lost stable set', make.record({ progress: make.progress({ stableRS: 'x' }) }), {}],
  ])('holds everything with %s', (_, record, more) => {
    const { observed, plan } = play({ ...wiped(record), ...more }, start);
    expect(sizes(observed)).toEqual({ 'web:1': 3, 'web:2': 1 });
    expect(plan.status).toMatchObject({ phase: 'Paused', message: 'StatusLost' });
    expect(plan.status.stableRS).not.toBe(make.hashOf('web:2'));
    expect(plan.reasons[0]?.unblock).toContain('promote');
  });

  it('while it was held without a stable version is held again', () => {
    const lost = make.progress({ stableRS: '', pauseReason: 'StableReplicaSetLost' });
    const canaryOnly = wiped(make.record({ progress: lost })).replicaSets.slice(1);
    const seen = { ...wiped(make.record({ progress: lost })), replicaSets: canaryOnly };
    const { plan } = play(seen, start);
    expect(plan.status).toMatchObject({ phase: 'Paused', message: 'StatusLost' });
    expect(plan.status.stableRS).toBeUndefined();
    const aborted = play(
      patched(
        { ...seen, rollout: { ...seen.rollout, status: plan.status } },
        { status: { abort: true } },
      ),
      start,
    );
    expect(aborted.plan.status.stableRS).toBeUndefined();
    expect(aborted.plan.reasons.map(({ text }) => text).join(' ')).toContain('No stable version');
  });

  it('of a rollout deleted and created again is no loss', () => {
    const record = make.record({ progress: make.progress({ uid: 'earlier' }) });
    const seen = { ...wiped(record), replicaSets: [] };
    expect(play(seen, start).observed.rollout.status?.phase).toBe('Healthy');
  });

  it('is not seen in a first deployment, also when its first image was replaced', () => {
    const first = { ...wiped(make.record()), replicaSets: [] };
    const begun = carriedOut(first, decide(first, start), start);
    const { status: _, ...unwritten } = begun.rollout;
    const record = make.record({ progress: make.progress({ stableRS: '', currentPodHash: '' }) });
    const { observed } = play({ ...begun, rollout: unwritten, record }, start);
    expect(observed.rollout.status).toMatchObject({ phase: 'Healthy' });
    expect(observed.rollout.status?.pauseConditions).toBeUndefined();
  });

  it('that is held goes on when a person promotes, and not to the end', () => {
    const held = play(wiped(make.record({ progress: make.progress({ revision: 1 }) })), start);
    const { observed } = play(
      patched(held.observed, { status: { pauseConditions: null } }),
      start + minuteMs,
    );
    expect(observed.rollout.status?.stableRS).not.toBe(make.hashOf('web:2'));
  });
});

describe('a stable ReplicaSet deleted in mid-release', () => {
  const lost: Observed = { ...pausedInStep, replicaSets: [canarySet!] };

  it('pauses the release, and never makes the canary stable', () => {
    const { plan, plans } = play(lost, start);
    expect(plan.status).toMatchObject({
      phase: 'Paused',
      message: 'StableReplicaSetLost',
    });
    expect(plans.map(({ status }) => status.stableRS)).not.toContain(make.hashOf('web:2'));
    const later = play(play(lost, start).observed, start + 60 * minuteMs);
    expect(later.plan.status.message).toBe('StableReplicaSetLost');
  });

  it('goes on when a person promotes', () => {
    const { observed } = play(lost, start);
    const promoted = patched(observed, { status: { pauseConditions: null } });
    const { plan } = play(promoted, start);
    expect(plan.status).toMatchObject({ phase: 'Healthy', stableRS: make.hashOf('web:2') });
  });

  it('is no matter once the release is complete', () => {
    const { observed } = play({ ...make.observed(), replicaSets: [] }, start);
    expect(sizes(observed)).toEqual({ 'web:1': 4 });
    expect(observed.rollout.status?.phase).toBe('Healthy');
  });
});

describe('another controller', () => {
  const write = (manager: string, at: number, field = 'f:phase') => ({
    manager,
    operation: 'Update',
    subresource: 'status',
    time: toTime(at),
    fieldsV1: { 'f:status': { [field]: {} } },
  });
  const seenWith = (...managedFields: object[]): Observed =>
    make.observedPaused({ rollout: make.paused({ metadata: { managedFields } }) });

  it('that wrote after us is kept away from', () => {
    const plan = decide(
      seenWith(write('serin', start - 20 * secondMs), write('argo', start - secondMs)),
      start,
    );
    expect(plan).toMatchObject({
      writes: [],
      conflictingController: {
        manager: 'argo',
        seenAt: start,
        times: 1,
        wroteAt: start - secondMs,
      },
      wake: { at: start + 10 * secondMs },
    });
    expect(plan.events[0]?.reason).toBe('RivalController');
  });

  const wroteAt = start - secondMs;
  const knowing = (seen: Observed, others: object): Observed => ({
    ...seen,
    record: make.record({ others: { wroteAt, seenAt: start, ...others } }),
  });

  it.each([
    ['wrote before us', knowing(seenWith(write('serin', start), write('argo', wroteAt)), {})],
    ['stopped long ago', seenWith(write('argo', start - minuteMs))],
    ['is a person with the plugin', seenWith(write('kubectl', start, 'f:pauseConditions'))],
  ])('that %s is none', (_, seen) => {
    expect(decide(seen, start).conflictingController).toBeUndefined();
  });

  it('is no less there when somebody who calls himself Serin writes after it', () => {
    const seen = seenWith(write('argo', wroteAt), write('serin', start));
    const met = decide(knowing(seen, { wroteAt: start - minuteMs }), start);
    expect(met).toMatchObject({ writes: [], conflictingController: { manager: 'argo', wroteAt } });
  });

  it('that goes on is met less and less often, at most every 5 minutes', () => {
    let now = start;
    let seen = seenWith(write('serin', start - minuteMs), write('argo', start - secondMs));
    const waits: number[] = [];
    for (let turn = 0; turn < 8; turn += 1) {
      const plan = decide(seen, now);
      const at = 'at' in plan.wake ? plan.wake.at : Number.NaN;
      waits.push((at - now) / secondMs);
      now = at;
      const next = seenWith(write('serin', start - minuteMs), write('argo', now - secondMs));
      seen = {
        ...next,
        record: make.record({
          ...(plan.conflictingController && { conflictingController: plan.conflictingController }),
        }),
      };
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300, 300]);
    expect([1, 2, 6, 60].map(backOffMs)).toEqual([10, 20, 300, 300].map((s) => s * secondMs));
  });

  it('is forgotten when its time is over and it wrote no more', () => {
    const conflictingController = {
      manager: 'argo',
      seenAt: start,
      times: 1,
      wroteAt: start - secondMs,
    };
    const seen = {
      ...seenWith(write('serin', start - minuteMs), write('argo', start - secondMs)),
      record: make.record({ conflictingController }),
    };
    expect(decide(seen, start + 9 * secondMs).conflictingController).toEqual(conflictingController);
    expect(decide(seen, start + 10 * secondMs).conflictingController).toBeUndefined();
  });

  it('with a clock that is ahead is met once for each of its writes', () => {
    const ahead = seenWith(write('serin', start - minuteMs), write('argo', start + 5 * minuteMs));
    const met = decide(ahead, start);
    expect(met.conflictingController).toMatchObject({ times: 1 });
    const later = {
      ...ahead,
      record: make.record({
        ...(met.conflictingController && { conflictingController: met.conflictingController }),
      }),
    };
    expect(decide(later, start + 10 * secondMs).conflictingController).toBeUndefined();
  });

  it('shows when our own write is undone three times', () => {
    const lastPatch = { digest: '{}', times: 3 };
    const seen = make.observedPaused({ record: make.record({ lastPatch }) });
    expect(decide(seen, start).conflictingController).toMatchObject({ times: 1 });
  });
});

describe('what is not ours', () => {
  const others = (label: string | undefined, instanceId: string): Observed =>
    make.observed({
      rollout: make.rollout({ metadata: { labels: label ? { [instanceIdLabel]: label } : {} } }),
      replicaSets: [],
      instanceId,
    });

  it.each([
    [undefined, '', true],
    ['blue', '', false],
    [undefined, 'blue', false],
    ['blue', 'blue', true],
    ['green', 'blue', false],
  ])('instance %s, seen by %j: acts %s', (label, instanceId, acts) => {
    const plan = decide(others(label, instanceId), start);
    expect(plan.writes.length > 0).toBe(acts);
    if (!acts) expect(plan.wake).toEqual({ waitsFor: `the label ${instanceIdLabel}` });
  });

  it.each([
    [
      'spec.strategy.canary.trafficRouting.plugins["acme/mesh"]',
      {
        strategy: {
          canary: {
            canaryService: 'a',
            stableService: 'b',
            trafficRouting: { plugins: { 'acme/mesh': {} } },
          },
        },
      },
    ],
    [
      'spec.strategy.canary.steps[0].plugin',
      { strategy: { canary: { steps: [{ plugin: { name: 'acme/step' } }] } } },
    ],
  ])('%s is left as it is', (field, spec) => {
    const plan = decide(make.observedPaused({ rollout: make.paused({ spec }) }), start);
    expect(plan.writes).toEqual([]);
    expect(plan.reasons[0]?.text).toContain(field);
  });

  describe('an aborted one goes back', () => {
    const strategy = {
      canary: {
        canaryService: 'a',
        stableService: 'b',
        trafficRouting: { plugins: { 'acme/mesh': {} } },
      },
    };
    const wrote = (manager: string, at: number) => ({
      ...{ manager, subresource: 'status', time: toTime(at) },
      fieldsV1: { 'f:status': { 'f:phase': {} } },
    });
    const aborted = (managedFields: object[], record: object | undefined) => {
      const status = { abort: true, abortedAt: toTime(start) };
      const rollout = make.paused({ metadata: { managedFields }, spec: { strategy }, status });
      const seen = make.observedPaused({ rollout });
      return { ...seen, ...(record && { record: make.record(record) }) };
    };
    const others = { wroteAt: start - minuteMs, seenAt: start - 30 * secondMs };

    it('where Serin remembers to have driven it', () => {
      const seen = aborted([wrote('argo', others.wroteAt)], { others, statusAt: start });
      expect(decide(seen, start + minuteMs).writes).not.toEqual([]);
    });

    it.each([
      ['who merely writes under its name', [wrote('serin', start)], undefined],
      ['who does so later', [wrote('serin', start)], { others }],
      [
        'who does so after Argo',
        [wrote('argo', others.wroteAt), wrote('serin', start)],
        { others },
      ],
      ['whom Argo followed', [wrote('argo', start)], { others, statusAt: start - secondMs }],
      [
        'whom Argo followed long ago',
        [wrote('argo', others.wroteAt)],
        { others, statusAt: others.seenAt - 1 },
      ],
    ])('and by nobody %s', (_, managedFields, record) => {
      expect(decide(aborted(managedFields, record), start + minuteMs).writes).toEqual([]);
    });
  });

  it('a rollout being deleted is left to its deletion', () => {
    const rollout = make.rollout({ metadata: { deletionTimestamp: toTime(start) } });
    expect(decide(make.observed({ rollout }), start).writes).toEqual([]);
  });
});

describe('the new ReplicaSet', () => {
  it('gets another name where its own is taken', () => {
    const seen = make.observed({
      rollout: make.rollout(),
      replicaSets: [],
      dryRun: { taken: true },
    });
    const plan = decide(seen, start);
    expect(plan.writes.map(isStatusWrite)).toEqual([true]);
    expect(statusPatch(plan)).toMatchObject({ collisionCount: 1 });
    const { dryRun: _, ...next } = carriedOut(seen, plan, start);
    const [name] = play(next, start).observed.replicaSets.map(({ metadata }) => metadata?.name);
    expect(name).toBe(`web-${podTemplateHash(next.rollout.spec?.template, 1)}`);
    expect(name).not.toBe(`web-${podTemplateHash(next.rollout.spec?.template)}`);
  });

  it('is not rolled out again where only the API server’s defaults differ', () => {
    const live = make.replicaSet({
      metadata: { name: 'web-older', labels: { [hashLabel]: 'older' } },
      spec: { template: { spec: { restartPolicy: 'Always' } } },
    });
    const dryRun = { replicaSet: { ...live, metadata: { name: 'web-newer' } } };
    const rollout = make.released({ status: { currentPodHash: 'older', stableRS: 'older' } });
    const seen = make.observed({ rollout, replicaSets: [live], dryRun });
    expect(decide(seen, start).writes.filter((write) => !isStatusWrite(write))).toEqual([]);
    const { dryRun: _, ...blind } = seen;
    expect(decide(blind, start).writes[0]).toMatchObject({ do: 'create' });
  });

  it('that is refused leaves the pods of before', () => {
    const seen = make.observed({
      rollout: make.released({
        spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } },
      }),
      dryRun: { refused: 'quota' },
    });
    const { observed, plan } = play(seen, start);
    expect(sizes(observed)).toEqual({ 'web:1': 4 });
    expect(plan.status).toMatchObject({
      phase: 'Degraded',
      message: expect.stringMatching(/quota$/),
    });
  });
});

describe('an invalid spec', () => {
  it('changes nothing, says why, and is looked at again', () => {
    const seen = patched(pausedInStep, { spec: { minReadySeconds: -1 } });
    const { observed, plan } = play(seen, start);
    expect(sizes(observed)).toEqual({ 'web:1': 3, 'web:2': 1 });
    expect(plan.status.message).toBe(
      'InvalidSpec: The Rollout "web" is invalid: spec.minReadySeconds must be 0 or more, not -1',
    );
    expect(plan.wake).toMatchObject({ at: start + 20 * secondMs });
  });

  it('a thousand times over fills no status', () => {
    const steps = Array.from({ length: 1000 }, () => ({ setWeight: -1 }));
    const { plan } = play(
      patched(pausedInStep, { spec: { strategy: { canary: { steps } } } }),
      start,
    );
    expect(plan.status.message).toMatch(/steps\[19\].*; and 980 more$/);
    expect(plan.status.message).not.toMatch(/steps\[20\]/);
  });

  it('is forgotten when it is mended', () => {
    const faulty = play(patched(pausedInStep, { spec: { minReadySeconds: -1 } }), start).observed;
    const { plan } = play(patched(faulty, { spec: { minReadySeconds: null } }), start);
    expect(plan.status).toMatchObject({ phase: 'Paused', message: 'CanaryPauseStep' });
    expect(plan.status.conditions?.map(({ type }) => type)).not.toContain('InvalidSpec');
  });
});
