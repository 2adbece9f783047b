import { describe, expect, it } from 'vitest';
import type { Ask } from '../../lib/api/call.ts';
import type { CallersAct } from '../../lib/model/act.ts';
import { openIntentsMax } from '../../lib/model/intent.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import {
  makeApi,
  makeIntent,
  makeProgress,
  makeRecord,
  makeView,
  path,
  settledProgress,
  settledView,
  start,
} from './support.ts';

// What a caller can do with a rollout, why not, and what it will do: what a page shows before it asks.

const steps = [
  'setWeight: 20',
  'pause',
  'setWeight: 50',
  'pause: 10m',
  'setWeight: 80',
  'pause',
].map((text) => ({ kind: text.split(':')[0] ?? '', text }));

function pausedView(over: Partial<RolloutView> = {}): RolloutView {
  const plain = makeView({ steps, setWeight: 20, actualWeight: 20, ...over });
  const replicas = { ...plain.replicas, desired: 10 };
  return { ...plain, replicas };
}

async function actsOf(options: Parameters<typeof makeApi>[0] = {}) {
  const api = await makeApi({ record: makeRecord({ view: pausedView() }), ...options });
  const { status, body } = await api.get(path);
  expect(status).toBe(200);
  return body.acts as CallersAct[];
}

function named(acts: CallersAct[], verb: string, options?: object): CallersAct | undefined {
  return acts.find(
    (act) => act.verb === verb && JSON.stringify(act.options) === JSON.stringify(options),
  );
}

describe('the acts of a rollout', () => {
  it('are all verbs, promote in each of its ways and undo for each revision that is kept', async () => {
    const acts = await actsOf();
    expect(acts.map(({ verb, options }) => [verb, options])).toEqual([
      ['promote', undefined],
      ['promote', { full: true }],
      ['promote', { skipCurrentStep: true }],
      ['promote', { skipAllSteps: true }],
      ['abort', undefined],
      ['retry', undefined],
      ['pause', undefined],
      ['resume', undefined],
      ['restart', undefined],
      ['undo', { toRevision: 1 }],
      ['image', undefined],
    ]);
  });

  it('say what they will do to a canary at a pause', async () => {
    const acts = await actsOf();
    const does = (verb: string, options?: object) => named(acts, verb, options)?.does;
    expect(does('promote')).toEqual([
      'The pause of step 2 of 6 ends.',
      'Next is step 3 of 6: setWeight: 50.',
    ]);
    expect(does('promote', { full: true })).toEqual([
      'Steps 2 to 6 are skipped.',
      'Revision 2 (new) gets all requests and 10 pods, and becomes the stable one.',
      'Pauses and analyses are passed over.',
    ]);
    expect(does('promote', { skipCurrentStep: true })).toEqual([
      'Step 2 of 6 is skipped.',
      'Next is step 3 of 6: setWeight: 50.',
    ]);
    expect(does('abort')).toEqual([
      'The update to revision 2 (new) stops here.',
      'Revision 1 (old) serves all requests: canary 20 % → 0 %.',
      'It needs 10 pods, of which 1 is available.',
      'The spec keeps revision 2 (new): retry would start it again.',
    ]);
    expect(does('restart')).toEqual([
      '10 pods are replaced, a few at a time. Their version stays.',
    ]);
    expect(does('undo', { toRevision: 1 })).toEqual([
      'The update to revision 2 (new) ends.',
      'The template of revision 1 (old) goes into the spec, and a release of it begins, with step 1 of 6: ' +
        'setWeight: 20.',
    ]);
  });

  it('say why one does not fit, and what would do', async () => {
    const acts = await actsOf();
    expect(named(acts, 'retry')).toEqual({
      ...{ verb: 'retry', may: true, fits: false, does: [] },
      whyNot: 'The release is not aborted, so there is nothing to retry.',
    });
    expect(named(acts, 'resume')).toEqual({
      ...{ verb: 'resume', may: true, fits: false, does: [] },
      whyNot: 'Its pause is one of the steps.',
      remedy: 'To go on from it, use promote.',
    });
  });

  it('fit as a command would be taken', async () => {
    const stories = [
      { view: pausedView() },
      { view: pausedView({ ...settledView }), progress: makeProgress(settledProgress) },
      {
        view: pausedView({ phase: 'Degraded', aborted: true, paused: false, pauseStart: null }),
        progress: makeProgress({
          abort: true,
          phase: 'Degraded',
          pauseReason: null,
          pauseStart: null,
        }),
      },
    ];
    for (const story of stories) {
      const record = makeRecord({ progress: makeProgress(), ...story });
      for (const { verb, options, fits } of await actsOf({ record })) {
        if (verb === 'image') continue;
        const api = await makeApi({ record });
        const { status } = await api.post(verb, { body: { ...options } });
        expect([verb, options, status === 409]).toEqual([verb, options, !fits]);
      }
    }
  });

  it('tell whom the policies do not let, and still what it would do', async () => {
    const mayNot = async ({ action }: Ask) =>
      action === 'read' || action === 'abort' ? undefined : `no policy permits ${action}.`;
    const acts = await actsOf({ deps: { mayNot } });
    expect(named(acts, 'abort')?.may).toBe(true);
    expect(named(acts, 'promote')).toEqual({
      ...{ verb: 'promote', may: false, fits: true },
      whyNot: 'ada may not do this: no policy permits promote.',
      does: ['The pause of step 2 of 6 ends.', 'Next is step 3 of 6: setWeight: 50.'],
    });
  });

  it('do not fit while too many commands wait, but for an abort', async () => {
    const intents = Array.from({ length: openIntentsMax }, (_, index) =>
      makeIntent({ id: `id-${index}` }),
    );
    const acts = await actsOf({ record: makeRecord({ view: pausedView(), intents }) });
    expect(acts.filter(({ fits }) => fits).map(({ verb }) => verb)).toEqual(['abort']);
    expect(named(acts, 'promote')?.whyNot).toMatch(/^Nothing was done: \d+ commands for this/);
  });

  it('are there in a fresh look without the table, and not in lists', async () => {
    const api = await makeApi({ record: null, look: async () => pausedView() });
    expect((await api.get(`${path}?fresh=true`)).body.acts).toHaveLength(11);
    const list = (await (await makeApi()).get('/v1/clusters/prod/namespaces/shop/rollouts')).body;
    expect(list.items[0].acts).toBeUndefined();
  });

  it('say of a pause by a person that it is lifted, and of another that it goes on', async () => {
    const progress = makeProgress({ userPaused: true });
    const view = pausedView({ message: 'manually paused', observedAt: start - 2000 });
    const acts = await actsOf({ record: makeRecord({ progress, view }) });
    const lifted = ['The pause by a person is lifted.', 'It still pauses at its step.'];
    expect(named(acts, 'resume')?.does).toEqual(lifted);
    expect(named(acts, 'promote')?.does).toEqual(lifted);
  });

  it('of blue-green are about the switch', async () => {
    const { step: _, steps: __, setWeight: ___, actualWeight: ____, ...rest } = pausedView();
    const progress = makeProgress({
      stepCount: 0,
      currentStepIndex: null,
      pauseReason: 'BlueGreenPause',
    });
    const view: RolloutView = { ...rest, strategy: 'BlueGreen', message: 'BlueGreenPause' };
    const acts = await actsOf({ record: makeRecord({ progress, view }) });
    expect(named(acts, 'promote')?.does).toEqual([
      'All requests go to revision 2 (new) instead of revision 1 (old).',
    ]);
    expect(named(acts, 'promote', { skipAllSteps: true })).toMatchObject({ fits: false });
    expect(named(acts, 'abort')?.does[1]).toBe('Revision 1 (old) serves all requests.');
  });
});
