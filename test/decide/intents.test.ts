import { describe, expect, it } from 'vitest';
import { decide } from '../../lib/decide/rollout/decide.ts';
import type { Command, Intent } from '../../lib/model/intent.ts';
import type { Observed } from '../../lib/model/observed.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { minuteMs, secondMs, toTime } from '../../lib/model/units.ts';
import { make, type Overrides, start } from '../make.ts';
import { carriedOut, patched, play, settled } from './play.ts';

function asked(command: Command, seen = make.observedPaused(), how: Overrides<Intent> = {}) {
  return { ...seen, record: make.record({ intents: [make.intent(command, how)] }) };
}

function commanded(observed: Observed) {
  const plan = decide(observed, start);
  const [step] = plan.intents;
  return { plan, step, outcome: step?.step === 'close' ? step.outcome : undefined };
}

const aborted = patched(make.observedPaused(), { status: { abort: true } });
const heldByHand = patched(make.observedPaused(), { spec: { paused: true } });
const moving = patched(make.observedPaused(), {
  status: { pauseConditions: null, controllerPause: null, currentStepIndex: 0 },
});
const template = (image: string) => ({
  spec: { template: { spec: { containers: [{ name: 'web', image }] } } },
});

describe('a command becomes what the plugin would have written', () => {
  const status = (patch: MergePatch) => [{ patch: { status: patch }, status: true }];
  const spec = (patch: MergePatch) => [{ patch: { spec: patch } }];
  it.each<[string, Command, Observed, object[]]>([
    ['promote', { verb: 'promote' }, make.observedPaused(), status({ pauseConditions: null })],
    ['promote, paused by hand', { verb: 'promote' }, heldByHand, spec({ paused: false })],
    [
      'promote --full',
      { verb: 'promote', full: true },
      make.observedPaused(),
      status({ promoteFull: true }),
    ],
    [
      'promote --full, paused by hand',
      { verb: 'promote', full: true },
      heldByHand,
      [...status({ promoteFull: true }), ...spec({ paused: false })],
    ],
    [
      'promote --full, aborted',
      { verb: 'promote', full: true },
      aborted,
      status({ promoteFull: true }),
    ],
    [
      'promote --skip-current-step',
      { verb: 'promote', skipCurrentStep: true },
      make.observedPaused(),
      status({ currentStepIndex: 2 }),
    ],
    [
      'promote --skip-all-steps',
      { verb: 'promote', skipAllSteps: true },
      make.observedPaused(),
      status({ currentStepIndex: 4 }),
    ],
    ['abort', { verb: 'abort' }, make.observedPaused(), status({ abort: true })],
    ['retry', { verb: 'retry' }, aborted, status({ abort: false })],
    ['pause', { verb: 'pause' }, make.observedPaused(), spec({ paused: true })],
    ['resume', { verb: 'resume' }, heldByHand, spec({ paused: false })],
    ['restart', { verb: 'restart' }, make.observedPaused(), spec({ restartAt: toTime(start) })],
    [
      'set image',
      { verb: 'image', container: 'web', image: 'web:3' },
      make.observedPaused(),
      [{ patch: template('web:3') }],
    ],
    ['undo', { verb: 'undo' }, make.observedPaused(), [{ patch: template('web:1') }]],
  ])('%s', (_, command, seen, writes) => {
    const { generation = 0, resourceVersion = '' } = seen.rollout.metadata ?? {};
    const { plan, step } = commanded(asked(command, seen, { bound: { generation } }));
    expect(plan.writes.map(({ phase: _, ...write }) => write)).toMatchObject(
      writes.map((write) => ({ ...write, ref: { kind: 'Rollout', resourceVersion } })),
    );
    expect(plan.writes).toHaveLength(writes.length);
    expect(step).toMatchObject({ id: 'first', step: 'apply', applying: { resourceVersion } });
    expect(plan).toMatchObject({ urgent: false, wake: { at: start + secondMs } });
  });
});

describe('the write of a command', () => {
  it('is followed by its end, and by nothing twice', () => {
    const { observed, plans } = play(asked({ verb: 'promote' }), start);
    const [intent] = observed.record?.intents ?? [];
    expect(intent?.outcome).toMatchObject({ result: 'done' });
    expect(observed.rollout.status?.currentStepIndex).toBe(3);
    expect(plans.flatMap(({ intents }) => intents).map(({ step }) => step)).toEqual([
      'apply',
      'close',
    ]);
  });

  const commands: Command[] = [
    { verb: 'promote' },
    { verb: 'promote', skipCurrentStep: true },
    { verb: 'promote', full: true },
    { verb: 'abort' },
    { verb: 'pause' },
    { verb: 'restart' },
    { verb: 'image', container: 'web', image: 'web:3' },
    { verb: 'undo' },
  ];

  it.each(commands)('that was done but not answered is not done again: %j', (command) => {
    const before = asked(command);
    const written = carriedOut(before, decide(before, start), start);
    const { plan, outcome } = commanded(written);
    expect(outcome).toMatchObject({ result: 'done' });
    expect(play(written, start).plans.flatMap(({ intents }) => intents)).toHaveLength(1);
    expect(plan.intents).toHaveLength(1);
  });

  it.each(commands)('that was not done is done when it is tried again: %j', (command) => {
    const before = asked(command);
    const plan = decide(before, start);
    const lost = { ...before, record: carriedOut(before, plan, start).record! };
    expect(decide(lost, start)).toMatchObject({ writes: plan.writes, intents: plan.intents });
  });

  it('that may have been done is not done again to the next pause', () => {
    const before = asked({ verb: 'promote' });
    const { record } = carriedOut(before, decide(before, start), start);
    const pauseConditions = [{ reason: 'CanaryPauseStep', startTime: toTime(start) }];
    const next = patched(before, { status: { currentStepIndex: 3, pauseConditions } });
    const { plan, step } = commanded({ ...next, record: record! });
    expect(step?.step).toBe('close');
    expect(plan.status.pauseConditions).toEqual(pauseConditions);
  });
});

describe('the write of a command whose effect is gone', () => {
  const promoting = patched(make.observedPaused(), { status: { promoteFull: true } });
  const full: Command = { verb: 'promote', full: true };
  const cases: [Command, Observed][] = [
    [{ verb: 'retry' }, aborted],
    [full, make.observedPaused()],
    [{ verb: 'promote', skipCurrentStep: true }, make.observedPaused()],
    [{ verb: 'promote', skipAllSteps: true }, make.observedPaused()],
    [{ verb: 'pause' }, make.observedPaused()],
    [{ verb: 'resume' }, heldByHand],
  ];
  const tried = (command: Command, seen: Observed, applying: Intent['applying']) =>
    asked(command, seen, {
      bound: { generation: seen.rollout.metadata?.generation ?? 0 },
      ...(applying && { applying }),
    });

  it.each(cases)('is not made again when it was taken: %j', (command, seen) => {
    const { outcome, plan } = commanded(
      tried(command, seen, { resourceVersion: '0', isTaken: true }),
    );
    expect(outcome?.result).toBe('done');
    expect(plan.intents).toHaveLength(1);
  });

  it.each(cases)('is not made again when nobody knows: %j', (command, seen) => {
    const { outcome } = commanded(tried(command, seen, { resourceVersion: '0' }));
    expect(outcome).toMatchObject({ result: 'superseded' });
    expect(outcome?.detail).toMatch(/^Whether it was carried out is not known: /);
  });

  it.each<[string, Command, Observed, object]>([
    ['an abort', { verb: 'abort' }, make.observedPaused(), { status: { abort: true } }],
    [
      'the same pause',
      { verb: 'promote' },
      make.observedPaused(),
      { status: { pauseConditions: null } },
    ],
    [
      'the second half of a full promotion',
      full,
      patched(promoting, { spec: { paused: true } }),
      { spec: { paused: false } },
    ],
  ])('is made again for %s', (_, command, seen, patch) => {
    const { plan } = commanded(tried(command, seen, { resourceVersion: '0' }));
    expect(plan.writes).toMatchObject([{ patch }]);
  });
});

describe('a command that comes too late', () => {
  const promote: Command = { verb: 'promote' };
  it.each<[string, Overrides<Intent>, string, RegExp]>([
    ['another rollout', { bound: { uid: 'other' } }, 'superseded', /deleted and created again/],
    ['another template', { bound: { podHash: 'other' } }, 'superseded', /another template/],
    ['another spec', { bound: { generation: 1 } }, 'superseded', /spec was changed/],
    ['another step', { bound: { stepIndex: 0 } }, 'superseded', /at step 1 by now, not at step 0/],
    ['another pause', { bound: { pauseStart: null } }, 'superseded', /pause is another one/],
    ['60 s', { acceptedAt: start - minuteMs - 1 }, 'expired', /within 60 s/],
  ])('changes nothing: %s', (_, how, result, detail) => {
    const { outcome, plan } = commanded(asked(promote, make.observedPaused(), how));
    expect(outcome).toMatchObject({ result, at: start });
    expect(outcome?.detail).toMatch(detail);
    expect(plan.writes).toEqual([]);
  });

  it('is still in time at 60 s', () => {
    const { plan } = commanded(asked(promote, undefined, { acceptedAt: start - minuteMs }));
    expect(plan.writes).toHaveLength(1);
  });

  it('is carried out nonetheless if it is an abort of the same release', () => {
    const bound = { generation: 1, stepIndex: 0, pauseStart: null };
    const how = { bound, acceptedAt: start - 60 * minuteMs };
    const { plan } = commanded(asked({ verb: 'abort' }, undefined, how));
    expect(plan.writes).toMatchObject([{ patch: { status: { abort: true } } }]);
    const { outcome } = commanded(
      asked({ verb: 'abort' }, undefined, { bound: { podHash: 'other' } }),
    );
    expect(outcome?.result).toBe('superseded');
  });
});

describe('a spec that changed since the author looked', () => {
  const design = make.observedPaused();
  const scaled = patched(design, { spec: { replicas: 9 } });
  const bound = { paused: false };

  it('only in its size is no other release', () => {
    const { plan } = commanded(asked({ verb: 'promote' }, scaled, { bound }));
    expect(plan.writes).toMatchObject([{ patch: { status: { pauseConditions: null } } }]);
  });

  it.each<[string, MergePatch, Overrides<Intent>]>([
    ['its template', template('web:3'), { bound }],
    ['its steps', { spec: { strategy: { canary: { steps: [{ setWeight: 1 }] } } } }, { bound }],
    ['a pause by a person', { spec: { paused: true } }, { bound }],
    ['what the author cannot have seen', { spec: { replicas: 9 } }, {}],
    ['its size', { spec: { replicas: 9 } }, { bound, applying: { resourceVersion: '1' } }],
  ])('in %s supersedes a promote', (_, patch, how) => {
    const { outcome, step } = commanded(asked({ verb: 'promote' }, patched(design, patch), how));
    expect(step).toMatchObject({ step: 'close' });
    expect(outcome?.result).toBe('superseded');
  });
});

describe('an undo whose write was tried', () => {
  const applying = { resourceVersion: '1' };
  const releasing = make.observedPaused();

  it('and did not arrive is not called done', () => {
    const command = { verb: 'undo', toRevision: 1 } as const;
    // Somebody scaled it in between: the generation moved, the template did not come back.
    const scaled = patched(releasing, { spec: { replicas: 9 } });
    const { outcome } = commanded(asked(command, scaled, { applying }));
    expect(outcome?.result).toBe('superseded');
    expect(outcome?.detail).toContain('not known');
  });

  it('and is there is done', () => {
    const command = { verb: 'undo', toRevision: 1 } as const;
    const back = patched(releasing, template('web:1'));
    const { outcome } = commanded(asked(command, back, { applying }));
    expect(outcome).toMatchObject({ result: 'done' });
  });
});

describe('a command that makes no sense', () => {
  const released = make.observed();
  const bound = {
    generation: 1,
    podHash: make.hashOf('web:1'),
    stepIndex: 4,
    pauseStart: null,
  };
  it.each<[Command, string, RegExp]>([
    [{ verb: 'promote' }, 'refused', /Nothing is paused/],
    [{ verb: 'abort' }, 'refused', /no release to abort/],
    [{ verb: 'promote', full: true }, 'done', /promoted in full/],
    [{ verb: 'resume' }, 'done', /lifted/],
    [{ verb: 'undo' }, 'refused', /no earlier revision/],
    [{ verb: 'undo', toRevision: 7 }, 'refused', /no revision 7 any more. Kept revisions: 1/],
    [{ verb: 'undo', toRevision: 1 }, 'refused', /has the template of web-\w+ already/],
    [{ verb: 'image', container: 'db', image: 'x' }, 'refused', /Containers: web/],
    [{ verb: 'image', container: 'web', image: 'web:1' }, 'done', /is web:1/],
  ])('is answered: %j', (command, result, detail) => {
    const { outcome, plan } = commanded(asked(command, released, { bound }));
    expect(outcome).toMatchObject({ result });
    expect(outcome?.detail).toMatch(detail);
    expect(plan.writes).toEqual([]);
  });

  it('promote between pauses says how to skip the step', () => {
    const { outcome } = commanded(
      asked({ verb: 'promote' }, moving, { bound: { stepIndex: 0, pauseStart: null } }),
    );
    expect(outcome?.detail).toContain('skipCurrentStep');
  });
});

describe('several commands', () => {
  it('are taken one a turn, the oldest first', () => {
    const first = make.intent({ verb: 'abort' });
    const second = make.intent({ verb: 'pause' }, { id: 'second' });
    const seen = make.observedPaused({ record: make.record({ intents: [first, second] }) });
    expect(decide(seen, start).intents).toMatchObject([{ id: 'first', step: 'apply' }]);
  });

  it('give way to an abort, whoever was first', () => {
    const intents = [
      make.intent({ verb: 'pause' }),
      make.intent({ verb: 'abort' }, { id: 'second' }),
    ];
    const seen = make.observedPaused({ record: make.record({ intents }) });
    expect(decide(seen, start).intents).toMatchObject([{ id: 'second', step: 'apply' }]);
  });

  it('with an outcome are left alone', () => {
    const outcome = { result: 'done', detail: '', at: start } as const;
    const { plan } = commanded(asked({ verb: 'abort' }, undefined, { outcome }));
    expect(plan).toMatchObject({ writes: [], intents: [] });
  });
});

describe('an abort that was asked for', () => {
  const rivals = make.record({
    conflictingController: {
      manager: 'rollouts-controller',
      seenAt: start - secondMs,
      times: 1,
      wroteAt: start - secondMs,
    },
  });

  it('acts although another controller writes too, and nothing else does', () => {
    const seen = make.observedPaused();
    const record = (command: Command) => ({ ...rivals, intents: [make.intent(command)] });
    const abort = decide({ ...seen, record: record({ verb: 'abort' }) }, start);
    expect(abort.writes).toMatchObject([{ patch: { status: { abort: true } } }]);
    const promote = decide({ ...seen, record: record({ verb: 'promote' }) }, start);
    expect(promote.writes).toEqual([]);
    // With what `explain` says, and not only when it has expired.
    const [why] = promote.reasons;
    const detail =
      `Nothing was done: ${why?.text} It looks again at 2026-01-31T12:00:09Z. ` +
      `To go on: ${why?.unblock}.`;
    expect(why?.text).toMatch(/^rollouts-controller writes to this rollout's status too/);
    expect(promote.intents).toMatchObject([
      { step: 'close', outcome: { result: 'refused', detail } },
    ]);
  });

  it('is not the only command with an outcome where another controller writes too', () => {
    const applying = { resourceVersion: '1' };
    const settledBy = (observed: Observed) => {
      const intents = [make.intent({ verb: 'promote' }, { applying })];
      const [step] = decide({ ...observed, record: { ...rivals, intents } }, start).intents;
      return step?.step === 'close' ? step.outcome : undefined;
    };
    const paused = make.observedPaused();
    // Its effect is there.
    const lifted = patched(paused, { status: { pauseConditions: null } });
    expect(settledBy(lifted)).toMatchObject({ result: 'done' });
    // The other controller has put it back, or it never arrived.
    expect(settledBy(paused)).toMatchObject({
      result: 'refused',
      detail: expect.stringMatching(
        /^Whether it was carried out is not known: rollouts-controller/,
      ),
    });
  });

  it('acts although the spec is invalid', () => {
    const seen = patched(make.observedPaused(), {
      spec: { strategy: { canary: { steps: [{ setWeight: 101 }] } } },
    });
    const { observed } = play(asked({ verb: 'abort' }, seen), start);
    expect(observed.replicaSets.map((set) => settled(set).spec?.replicas)).toEqual([4, 0]);
    expect(observed.record?.intents[0]?.outcome?.result).toBe('done');
  });
});
