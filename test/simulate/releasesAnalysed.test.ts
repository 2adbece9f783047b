import { describe, expect, it } from 'vitest';
import { ledgerLines } from '../../cli/history/ledger.ts';
import { deliveries } from '../../lib/apply/outbox.ts';
import type { CanaryStrategy, RolloutSpec } from '../../lib/model/argo.generated.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import { key } from '../faults/stage.ts';
import { metric, openAnalysed } from './analysedStage.ts';

const templates = [{ templateName: 'check' }];
const steps = [{ setWeight: 50 }, { analysis: { templates } }, { setWeight: 75 }, { pause: {} }];

function canary(of: CanaryStrategy = { steps }): RolloutSpec {
  return { strategy: { canary: of } };
}

describe('an analysis step', () => {
  it('gets a run once it is reached, and is done when that succeeds', async () => {
    const release = await openAnalysed(canary());
    expect(release.runs()).toEqual([]);
    await release.image('web:v2', 20_000);
    expect(release.where()).toBe('Progressing 1/4');
    expect(release.runs()).toEqual(['2-1 Step Running']);
    await release.finish('2-1', 'Running');
    expect(release.status().canary).toEqual({
      currentStepAnalysisRunStatus: {
        name: release.runNamed('2-1').metadata?.name,
        status: 'Running',
      },
    });
    expect(release.where()).toBe('Progressing 1/4');
    await release.finish('2-1', 'Successful', 10_000);
    expect(release.where()).toBe('Paused 3/4');
    expect(release.status().canary).toEqual({});
    expect(release.runs()).toEqual(['2-1 Step Successful']);
  });

  it('is made of its templates, its arguments resolved', async () => {
    const args = [
      { name: 'given', value: 'x' },
      { name: 'hash', valueFrom: { podTemplateHashValue: 'Latest' } },
      {
        name: 'image',
        valueFrom: { fieldRef: { fieldPath: 'spec.template.spec.containers[0].image' } },
      },
      { name: 'unknown', value: 'dropped' },
    ];
    const check = {
      metrics: [{ ...metric, count: '{{args.count}}', interval: '1s' }],
      args: [
        { name: 'given' },
        { name: 'hash' },
        { name: 'image', value: 'default' },
        { name: 'count', value: '2' },
        { name: 'token', valueFrom: { secretKeyRef: { name: 'metrics', key: 'token' } } },
      ],
    };
    const analysisRunMetadata = { labels: { team: 'a', app: 'other' }, annotations: { note: 'b' } };
    const analysis = { templates, args, analysisRunMetadata };
    const release = await openAnalysed(canary({ steps: [{ analysis }, { pause: {} }] }), { check });
    await release.image('web:v2', 20_000);
    const run = release.runNamed('2-0');
    const hash = release.status().currentPodHash;
    expect(run.spec).toEqual({
      metrics: release.cluster.read.get('AnalysisTemplate', 'shop', 'check').spec?.metrics,
      args: [
        { name: 'given', value: 'x' },
        { name: 'hash', value: hash },
        { name: 'image', value: 'web:v2' },
        { name: 'count', value: '2' },
        { name: 'token', valueFrom: { secretKeyRef: { name: 'metrics', key: 'token' } } },
      ],
    });
    expect(run.metadata).toMatchObject({
      name: `web-${hash}-2-0`,
      labels: {
        ...{ app: 'web', team: 'a', 'rollout-type': 'Step', 'step-index': '0' },
        'rollouts-pod-template-hash': hash,
      },
      annotations: { note: 'b', 'rollout.argoproj.io/revision': '2' },
      ownerReferences: [
        { kind: 'Rollout', name: 'web', controller: true, blockOwnerDeletion: true },
      ],
    });
  });

  it('aborts the release when its run fails, and gets another one by a retry', async () => {
    const release = await openAnalysed(canary());
    await release.image('web:v2', 20_000);
    const message = 'Metric "ok" assessed Failed due to failed (1) > failureLimit (0)';
    const measurements = [{ phase: 'Failed', value: 'bad' }];
    const metricResults = [{ name: 'ok', phase: 'Failed', failed: 1, measurements }];
    await release.finish('2-1', { phase: 'Failed', message, metricResults }, 10_000);
    const why = `Step-based analysis phase error/failed: ${message}`;
    expect(release.status()).toMatchObject({
      ...{ abort: true, phase: 'Degraded' },
      message: `RolloutAborted: Rollout aborted update to revision 2: ${why}`,
      canary: {},
    });
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    const name = release.runNamed('2-1').metadata?.name;
    const aborted = (await release.ledger()).filter(({ kind }) => kind === 'aborted');
    expect(aborted.map(({ actor, text }) => `${actor.name}: ${text}`)).toEqual([
      `serin: RolloutAborted: Rollout aborted update to revision 2: ${why} ` +
        `(analysis run ${name}: ok was bad (needs result == "ok"): 1 failure where none is allowed)`,
    ]);
    await release.command({ verb: 'retry' }, 20_000);
    expect(release.runs()).toEqual(['2-1 Step Failed', '2-1.1 Step Running']);
    await release.finish('2-1.1', 'Successful', 10_000);
    expect(release.where()).toBe('Paused 3/4');
  });

  it('aborts the release by a measurement, which the history names, and counts that once', async () => {
    const provider = { web: { url: 'http://metrics/t/seq/0.97,!503,0.2' } };
    const rate = { name: 'success-rate', interval: '1m', count: 9, provider };
    const check = { metrics: [{ ...rate, successCondition: 'result >= 0.9' }] };
    const release = await openAnalysed(canary(), { check });
    const counted: string[] = [];
    await release.image('web:v2', 200_000);
    const [aborted] = (await release.ledger()).filter(({ kind }) => kind === 'aborted');
    const run = release.runNamed('2-1');
    expect(aborted?.failedBy).toEqual([
      {
        ...{ analysisRun: run.metadata?.name, metric: 'success-rate', measurement: 3 },
        ...{ phase: 'Failed', value: '0.2', message: '' },
        at: run.status?.metricResults?.[0]?.measurements?.at(-1)?.finishedAt,
      },
    ]);
    const [, line] = ledgerLines(aborted ? [aborted] : []);
    expect(line).toMatch(
      /success-rate was 0\.97, an error \(.*503\), 0\.2 \(needs result >= 0\.9\): 1 failure where none/,
    );
    expect(line).toMatch(/\(measurement 3 of success-rate, 0\.2, aborted it at 2\S+Z\)$/);
    // However often an entry is delivered, it is counted when it is new.
    const { world } = release.simulated;
    const store = memoryStore(release.clock);
    const { append } = deliveries({ ...world, store, count: (name) => counted.push(name) }, key);
    for (const ledger of aborted ? [aborted, aborted] : []) {
      await append([{ ledger }], blankRecord(key));
    }
    expect(counted).toEqual(['rollout_analysis_aborts_total']);
  });

  it('pauses the release when its run cannot tell, until somebody promotes it', async () => {
    const release = await openAnalysed(canary());
    await release.image('web:v2', 20_000);
    await release.finish('2-1', 'Inconclusive', 10_000);
    expect(release.status()).toMatchObject({ phase: 'Paused', message: 'InconclusiveAnalysisRun' });
    expect(release.where()).toBe('Paused 1/4');
    await release.command({ verb: 'promote' }, 10_000);
    expect(release.where()).toBe('Paused 3/4');
    expect(release.status().message).toBe('CanaryPauseStep');
    expect(release.runs()).toEqual(['2-1 Step Inconclusive']);
  });

  it('is asked again when only the pause is taken away', async () => {
    const release = await openAnalysed(canary());
    await release.image('web:v2', 20_000);
    await release.finish('2-1', 'Inconclusive', 10_000);
    release.cluster.patchStatus('shop', 'web', { pauseConditions: null });
    await release.pass(5000);
    expect(release.runs()).toEqual(['2-1 Step Inconclusive', '2-1.1 Step Running']);
    expect(release.where()).toBe('Progressing 1/4');
  });

  it('goes on with the run that it has when its template goes', async () => {
    const release = await openAnalysed(canary());
    await release.image('web:v2', 20_000);
    release.cluster.deleteObject('AnalysisTemplate', 'shop', 'check');
    await release.pass(60_000);
    expect(release.where()).toBe('Progressing 1/4');
    await release.finish('2-1', 'Successful', 10_000);
    expect(release.where()).toBe('Paused 3/4');
  });

  it('gets its run again under its name when somebody deletes it', async () => {
    const release = await openAnalysed(canary());
    await release.image('web:v2', 20_000);
    const run = release.runNamed('2-1');
    release.cluster.deleteObject('AnalysisRun', 'shop', run.metadata?.name ?? '');
    await release.pass(5000);
    expect(release.runs()).toEqual(['2-1 Step Running']);
    expect(release.runNamed('2-1').metadata?.uid).not.toBe(run.metadata?.uid);
  });

  it.each([
    ['abort', { verb: 'abort' as const }, 'Degraded 0/4'],
    ['promote in full', { verb: 'promote' as const, full: true }, 'Healthy 4/4'],
    ['promote past it', { verb: 'promote' as const, skipCurrentStep: true }, 'Paused 3/4'],
  ])('ends its run on %s', async (_, command, where) => {
    const release = await openAnalysed(canary());
    await release.image('web:v2', 20_000);
    await release.finish('2-1', 'Running');
    await release.command(command, 20_000);
    expect(release.runs()).toEqual(['2-1 Step terminated']);
    expect(release.where()).toBe(where);
  });

  it('ends its run with another image, which gets its own', async () => {
    const release = await openAnalysed(canary());
    await release.image('web:v2', 20_000);
    await release.finish('2-1', 'Running');
    await release.image('web:v3', 20_000);
    expect(release.runs()).toEqual(['2-1 Step terminated', '3-1 Step Running']);
  });
});

describe('a background analysis', () => {
  const analysed = canary({
    analysis: { templates, startingStep: 1 },
    steps: [{ setWeight: 25 }, { setWeight: 50 }, { pause: {} }, { pause: {} }],
  });

  it('begins with its step and ends with the release', async () => {
    const release = await openAnalysed(analysed);
    await release.image('web:v2', 20_000);
    expect(release.runs()).toEqual(['2 Background Running']);
    await release.finish('2', 'Running');
    expect(release.where()).toBe('Paused 2/4');
    await release.command({ verb: 'promote' }, 20_000);
    expect(release.where()).toBe('Paused 3/4');
    expect(release.runs()).toEqual(['2 Background Running']);
    await release.command({ verb: 'promote' }, 20_000);
    expect(release.where()).toBe('Healthy 4/4');
    expect(release.runs()).toEqual(['2 Background terminated']);
    expect(release.status().canary).toEqual({});
  });

  it('aborts the release at any time, also in a pause', async () => {
    const release = await openAnalysed(analysed);
    await release.image('web:v2', 20_000);
    await release.finish('2', { phase: 'Error', message: 'no answer' }, 10_000);
    expect(release.status().message).toBe(
      'RolloutAborted: Rollout aborted update to revision 2: ' +
        'Background analysis phase error/failed: no answer',
    );
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
  });

  it('holds a release that it cannot judge, which is scaled all the same', async () => {
    const release = await openAnalysed(analysed);
    await release.image('web:v2', 20_000);
    await release.finish('2', 'Inconclusive', 10_000);
    expect(release.sizes()).toEqual({ 'web:v1': 2, 'web:v2': 2 });
    release.cluster.scale('shop', 'web', 8);
    await release.pass(20_000);
    expect(release.where()).toBe('Paused 2/4');
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
    release.cluster.scale('shop', 'web', 4);
    await release.pass(20_000);
    // One more than asked for is within the surge.
    expect(release.sizes()).toEqual({ 'web:v1': 3, 'web:v2': 2 });
    expect(release.dog.violations).toEqual([]);
  });

  it('holds a release that it cannot judge, and begins anew when that is promoted', async () => {
    const release = await openAnalysed(analysed);
    await release.image('web:v2', 20_000);
    await release.finish('2', 'Inconclusive', 10_000);
    const reasons = release.status().pauseConditions?.map(({ reason }) => reason);
    expect(reasons).toEqual(['CanaryPauseStep', 'InconclusiveAnalysisRun']);
    await release.command({ verb: 'promote' });
    expect(release.runs()).toEqual(['2 Background Inconclusive', '2.1 Background Running']);
    expect(release.where()).toBe('Paused 3/4');
  });
});

describe('what is wrong with an analysis is said before anything is deployed', () => {
  const at = 'spec.strategy.canary.steps[0].analysis.templates';
  it.each([
    [
      'a template that is missing',
      {},
      `${at} names the AnalysisTemplate check, which does not exist`,
    ],
    ['one without metrics', { check: {} }, `${at} names templates without a metric: check`],
    [
      'an argument that nobody gives',
      { check: { metrics: [metric], args: [{ name: 'a' }] } },
      `${at} has templates that ask for the argument a`,
    ],
    [
      'an argument that is none',
      { check: { metrics: [{ ...metric, successCondition: '{{args.b}} > 1' }] } },
      `${at} has the metric ok, in which {{args.b}} is no argument`,
    ],
    [
      'a metric that never ends',
      { check: { metrics: [{ ...metric, interval: '1s' }] } },
      `${at} has the metric ok with an interval and no count`,
    ],
    [
      'a circle',
      {
        check: { metrics: [metric], templates: [{ templateName: 'other' }] },
        other: { templates },
      },
      `${at} names templates that name each other: AnalysisTemplate check → AnalysisTemplate other → `,
    ],
    [
      'two metrics of one name',
      {
        check: { metrics: [metric], templates: [{ templateName: 'other' }] },
        other: { metrics: [metric] },
      },
      `${at} has templates in which two metrics have the same name ok`,
    ],
  ])('%s', async (_, given, message) => {
    const release = await openAnalysed(canary({ steps: [{ analysis: { templates } }] }), given);
    expect(release.status().message).toContain(
      `InvalidSpec: The Rollout "web" is invalid: ${message}`,
    );
    expect(release.sizes()).toEqual({});
    release.addTemplate('check');
    release.addTemplate('other', { metrics: [{ ...metric, name: 'second' }] });
    await release.pass(60_000);
    expect(release.status().phase).toBe('Healthy');
  });

  it('also of a new version, and the stable one stays', async () => {
    const release = await openAnalysed(canary());
    release.cluster.deleteObject('AnalysisTemplate', 'shop', 'check');
    await release.pass(120_000);
    expect(release.status().phase).toBe('Healthy');
    await release.image('web:v2', 20_000);
    expect(release.status().message).toContain(
      'names the AnalysisTemplate check, which does not exist',
    );
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    release.addTemplate('check');
    await release.pass(60_000);
    expect(release.runs()).toEqual(['2-1 Step Running']);
  });
});

describe('the history of runs', () => {
  it('keeps as many as it is told, and none of versions that are gone', async () => {
    const spec = {
      ...canary({ steps: [{ analysis: { templates } }] }),
      analysis: { successfulRunHistoryLimit: 1, unsuccessfulRunHistoryLimit: 1 },
      revisionHistoryLimit: 1,
    };
    const release = await openAnalysed(spec);
    for (const revision of [2, 3, 4, 5]) {
      await release.image(`web:v${revision}`, 20_000);
      await release.finish(`${revision}-0`, 'Successful', 20_000);
    }
    expect(release.runs()).toEqual(['5-0 Step Successful']);
  });
});
