import { describe, expect, it } from 'vitest';
import {
  key,
  makeApi,
  makeProgress,
  makeRecord,
  makeView,
  refused,
  settledProgress,
  settledView,
  start,
} from '../api/support.ts';

type Options = Parameters<typeof makeApi>[0];

/** A record and a look that agree. */
function standing(progress: object, view: object): Options {
  return {
    record: makeRecord({ progress: makeProgress(progress), view: makeView(view) }),
    look: async () => makeView({ ...view, observedAt: start }),
  };
}
const settled = standing(settledProgress, settledView);
const noSteps = [{ stepCount: 0, currentStepIndex: null }, { step: undefined }] as const;
const aborted = standing(
  { abort: true, phase: 'Degraded', pauseReason: null, pauseStart: null, controllerPause: false },
  { aborted: true, phase: 'Degraded', message: 'RolloutAborted', paused: false, pauseStart: null },
);
const underWay = standing(
  { phase: 'Progressing', pauseReason: null, pauseStart: null, controllerPause: false },
  { phase: 'Progressing', message: '', paused: false, pauseStart: null },
);
const alone = { revisions: makeView().revisions.slice(0, 1) };
const left = {
  text: 'It belongs to instance b.',
  unblock: 'the label',
  mark: 'leftAlone',
} as const;
const held = standing(
  { ...settledProgress, phase: 'Paused', userPaused: true },
  { ...settledView, phase: 'Paused', message: 'manually paused', paused: true },
);

describe('a command that does not fit is refused and changes nothing', () => {
  it.each<[string, Options, string, object, RegExp]>([
    ['promote, nothing paused', underWay, 'promote', {}, /nothing is paused.*use skipCurrentStep/],
    [
      'promote, nothing paused, without steps',
      standing(
        { ...noSteps[0], phase: 'Progressing', pauseReason: null, pauseStart: null },
        { ...noSteps[1], phase: 'Progressing', message: '', paused: false, pauseStart: null },
      ),
      'promote',
      {},
      /nothing is paused: the rollout is Progressing. To finish at once, use full.$/,
    ],
    [
      'resume, paused before the switch',
      standing(noSteps[0], { ...noSteps[1], message: 'BlueGreenPause' }),
      'resume',
      {},
      /its pause is the one before the switch. To go on from it, use promote.$/,
    ],
    [
      'promote, nothing released',
      settled,
      'promote',
      {},
      /nothing is paused: the rollout is Healthy/,
    ],
    [
      'promote full, nothing released',
      settled,
      'promote',
      { full: true },
      /no release is in progress/,
    ],
    ['skip, nothing released', settled, 'promote', { skipCurrentStep: true }, /no release/],
    ['promote, aborted', aborted, 'promote', {}, /aborted.*use retry.*promote with full/],
    ['skip, aborted', aborted, 'promote', { skipAllSteps: true }, /aborted/],
    ['abort, nothing released', settled, 'abort', {}, /no release is in progress.*use undo/],
    ['abort, aborted', aborted, 'abort', {}, /aborted already.*use retry/],
    ['retry, not aborted', underWay, 'retry', {}, /not aborted/],
    ['pause, paused', held, 'pause', {}, /paused already.*use resume/],
    ['resume, not paused', settled, 'resume', {}, /not paused/],
    ['resume, paused by a step', {}, 'resume', {}, /one of the steps.*use promote/],
    ['undo to the current', settled, 'undo', { toRevision: 2 }, /at revision 2 already. Kept: 1/],
    [
      'undo to a missing one',
      settled,
      'undo',
      { toRevision: 7 },
      /there is no revision 7. Kept: 1/,
    ],
    [
      'undo with nothing before',
      standing(settledProgress, { ...settledView, ...alone }),
      'undo',
      {},
      /no earlier revision/,
    ],
    [
      'skip without steps',
      standing(...noSteps),
      'promote',
      { skipCurrentStep: true },
      /no steps to skip/,
    ],
    [
      'skip after the last step',
      standing({ currentStepIndex: 6 }, { step: { index: 6, count: 6 } }),
      'promote',
      { skipAllSteps: true },
      /all 6 steps are done/,
    ],
    [
      'abort of the first release',
      standing({ stableRS: '' }, { stableHash: '', ...alone }),
      'abort',
      {},
      /revision 2 is the first, .* before it\. To hold it, use pause; to replace it, set another image\.$/,
    ],
    [
      'abort of the first release, with one before that never came up',
      standing({ stableRS: '' }, { stableHash: '' }),
      'abort',
      {},
      /To go back, use undo\.$/,
    ],
    [
      'abort of the only revision',
      standing(settledProgress, { ...settledView, ...alone }),
      'abort',
      {},
      /the stable one\. No earlier one is kept to go back to: to replace it, set another image\.$/,
    ],
    ...(['abort', 'promote', 'retry', 'resume'] as const).map(
      (verb): [string, Options, string, object, RegExp] => [
        `${verb} of what is left alone`,
        standing(settledProgress, { ...settledView, reasons: [left] }),
        verb,
        {},
        /Z, the rollout is left alone: It belongs to instance b\. To move it on: the label\.$/,
      ],
    ),
  ])('%s', async (_name, options, verb, body, detail) => {
    const { status, detail: said, body: told } = await refused(options, verb, { body });
    expect(status).toBe(409);
    expect(told.type).toBe('/problems/not-applicable');
    expect(said).toMatch(/^Nothing was done. As of 2026-11-22T/);
    expect(said).toMatch(detail);
  });

  it.each<[string, Options, string, object]>([
    ['promote at a pause', {}, 'promote', {}],
    ['promote of a hold', held, 'promote', {}],
    ['promote full, aborted', aborted, 'promote', { full: true }],
    ['skip in a release', underWay, 'promote', { skipCurrentStep: true }],
    ['abort of a release', underWay, 'abort', {}],
    ['retry, aborted', aborted, 'retry', {}],
    ['pause within a pause of the steps', {}, 'pause', {}],
    ['resume of a hold', held, 'resume', {}],
    ['undo', {}, 'undo', {}],
    ['undo to one that is kept', {}, 'undo', { toRevision: 1 }],
    ['image', settled, 'image', { container: 'front-api', image: 'front-api:v3' }],
  ])('while %s is accepted', async (_name, options, verb, body) => {
    const api = await makeApi(options);
    expect((await api.post(verb, { body })).status).toBe(202);
    expect((await api.stored())?.intents).toMatchObject([{ command: { verb, ...body } }]);
  });

  it('keeps the time of a restart in the form Kubernetes has', async () => {
    const api = await makeApi();
    await api.post('restart', { body: { at: '2026-11-23T00:00:00.5+02:00' } });
    expect((await api.stored())?.intents[0]?.command).toEqual({
      verb: 'restart',
      at: '2026-11-22T22:00:00Z',
    });
  });
});

describe('expect', () => {
  const right = { revision: 2, stepIndex: 1, podHash: 'bbb', image: 'front-api:new' };

  it('lets the command through when all is as expected', async () => {
    const api = await makeApi();
    expect((await api.post('promote', { body: { expect: right } })).status).toBe(202);
  });

  it.each([
    ['revision', 7, 2, 'revision 7 was expected and is 2'],
    ['stepIndex', 3, 1, 'stepIndex 3 was expected and is 1'],
    ['podHash', 'ccc', 'bbb', 'podHash ccc was expected and is bbb'],
    ['image', 'x:1', ['front-api:new'], 'image x:1 was expected and is front-api:new'],
  ])('%s: a mismatch says both and changes nothing', async (field, expected, actual, said) => {
    const body = { expect: { ...right, [field]: expected } };
    const { status, detail, body: told } = await refused({}, 'promote', { body });
    expect(status).toBe(409);
    expect(told.type).toBe('/problems/mismatch');
    expect(told.mismatches).toEqual([{ field, expected, actual }]);
    expect(detail).toContain(said);
  });

  it('is held against a fresh look before anybody is turned away', async () => {
    const fresh = makeView({ revision: 3, generation: 3, podHash: 'ccc', observedAt: start });
    const api = await makeApi({ look: async () => fresh });
    const { status } = await api.post('abort', { body: { expect: { revision: 3 } } });
    expect(status).toBe(202);
    expect(api.invoked).toEqual([{ key, look: true }, { key }]);
    expect((await api.stored())?.intents[0]?.bound).toMatchObject({
      generation: 3,
      podHash: 'ccc',
    });
  });
});

describe('while another controller is kept away from', () => {
  const conflictingController = {
    manager: 'rollouts-controller',
    seenAt: start - 5000,
    times: 2,
    wroteAt: start,
  };
  const options: Options = { record: makeRecord({ conflictingController }) };

  it.each(['promote', 'retry', 'pause', 'resume', 'restart', 'undo'])(
    '%s is refused at once, with what explain says',
    async (verb) => {
      const { status, body, detail } = await refused(options, verb);
      expect([status, body.type]).toEqual([409, '/problems/refused']);
      expect(detail).toBe(
        "Nothing was done: rollouts-controller writes to this rollout's status too, so Serin keeps " +
          'away from it. It looks again at 2026-11-22T10:00:15Z. To go on: stop rollouts-controller, ' +
          'or give the rollout another controller-instance-id.',
      );
    },
  );

  it('an abort is accepted, and so is any command when that is over', async () => {
    expect((await (await makeApi(options)).post('abort')).status).toBe(202);
    const over = { ...conflictingController, seenAt: start - 20_000 };
    const later = await makeApi({ record: makeRecord({ conflictingController: over }) });
    expect((await later.post('promote')).status).toBe(202);
  });
});
