import { describe, expect, it } from 'vitest';
import { assess } from '../../../lib/decide/analysisRun/assess.ts';
import { dueNow, nextDue } from '../../../lib/decide/analysisRun/due.ts';
import { judge, measurementOf } from '../../../lib/decide/analysisRun/judge.ts';
import { resultOf, withMeasurement, withResult } from '../../../lib/decide/analysisRun/results.ts';
import { retained } from '../../../lib/decide/analysisRun/retention.ts';
import { withoutSecrets } from '../../../lib/decide/analysisRun/secrets.ts';
import { expiryOf } from '../../../lib/decide/analysisRun/ttl.ts';
import type {
  AnalysisRun,
  AnalysisRunSpec,
  AnalysisRunStatus,
  Metric,
} from '../../../lib/model/argo.generated.ts';
import { fromTime, type Millis, secondMs, toTime } from '../../../lib/model/units.ts';

// A run measured in turns, by what a metric's limits make of phases that are given: the recordings
// run-limits-*, run-dry and run-delay-and-terminate, and argo v1.10.1 analysis/analysis.go.

const start = fromTime('2026-01-01T00:00:00Z');
const provider = { web: { url: 'http://metrics/ok' } };
const phases = {
  S: 'Successful',
  F: 'Failed',
  I: 'Inconclusive',
  E: 'Error',
  R: 'Running',
} as const;
type Letter = keyof typeof phases;

type Played = { status: AnalysisRunStatus; at: Millis[]; events: string[] };

/** `answers`: by metric, what comes of each measurement; the last one for ever. */
function play(spec: AnalysisRunSpec, answers: Record<string, string>, untilMs = 600_000): Played {
  const { metrics = [], dryRun = [] } = spec;
  const dry = new Set(dryRun.map(({ metricName }) => metricName));
  let status: AnalysisRunStatus = { phase: '' };
  const at: Millis[] = [];
  const events: string[] = [];
  const run: AnalysisRun = { spec };
  for (let now = start; now <= start + untilMs; now += secondMs) {
    for (let turn = 0; turn < 3 && status.phase !== 'Successful'; turn += 1) {
      for (const { metric, result, running } of dueNow(run, status, { metrics, now })) {
        if (running) continue;
        at.push((now - start) / secondMs);
        const { name } = metric;
        const letters = answers[name] ?? 'S';
        const letter = letters[Math.min(result?.count ?? 0, letters.length - 1)] as Letter;
        const phase = phases[letters === 'E' ? 'E' : letter];
        const measurement = measurementOf(metric, { phase }, { now });
        const before = result ?? { name, phase: 'Running', ...(dry.has(name) && { dryRun: true }) };
        status = withResult(status, withMeasurement(before, measurement, false));
      }
      const assessed = assess({ run, metrics, dry }, status, now);
      status = assessed.status;
      events.push(...assessed.events.map(({ reason, message }) => `${reason} ${message}`));
    }
    if (status.completedAt) break;
  }
  return { status, at, events };
}

const every2 = { interval: '2s' };
const metric = (fields: Partial<Metric>): Metric => ({ name: 'm', provider, ...fields });

describe('the limits of a metric', () => {
  it.each<[string, Partial<Metric>, string, string, string | undefined]>([
    [
      'no failure is allowed',
      { count: 3, ...every2 },
      'SFS',
      'Failed',
      'Metric "m" assessed Failed due to failed (1) > failureLimit (0)',
    ],
    ['one failure is', { count: 3, ...every2, failureLimit: 1 }, 'SFS', 'Successful', undefined],
    [
      'two are one too many',
      { count: 5, ...every2, failureLimit: 1 },
      'FSFS',
      'Failed',
      'Metric "m" assessed Failed due to failed (2) > failureLimit (1)',
    ],
    [
      'limits may be texts',
      { count: '2', ...every2, failureLimit: '1' },
      'FS',
      'Successful',
      undefined,
    ],
    ['one measurement that may fail', { count: 1, failureLimit: 1 }, 'F', 'Successful', undefined],
    ['neither count nor interval', { failureLimit: 5 }, 'F', 'Successful', undefined],
    [
      'a count of 0 has no end but a failure',
      { count: 0, ...every2 },
      'SSF',
      'Failed',
      'Metric "m" assessed Failed due to failed (1) > failureLimit (0)',
    ],
    [
      'an inconclusive one',
      { count: 3, ...every2, inconclusiveLimit: 1 },
      'ISI',
      'Inconclusive',
      'Metric "m" assessed Inconclusive due to inconclusive (2) > inconclusiveLimit (1)',
    ],
    [
      'errors in a row',
      { consecutiveErrorLimit: 1 },
      'E',
      'Error',
      'Metric "m" assessed Error due to consecutiveErrors (2) > consecutiveErrorLimit (1)',
    ],
    [
      'five errors, where nothing is said',
      {},
      'E',
      'Error',
      'Metric "m" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4)',
    ],
    [
      'successes in a row',
      { ...every2, failureLimit: -1, consecutiveSuccessLimit: 2 },
      'SFSS',
      'Successful',
      undefined,
    ],
    [
      'successes in a row that do not come, whatever fails',
      { count: 3, ...every2, failureLimit: -1, consecutiveSuccessLimit: 2 },
      'SFS',
      'Failed',
      'Metric "m" assessed Failed due to consecutiveSuccess (1) < consecutiveSuccessLimit (2)',
    ],
    [
      'successes in a row that do not come, within the failures',
      { count: 5, ...every2, failureLimit: 2, consecutiveSuccessLimit: 3 },
      'SFSFS',
      'Inconclusive',
      'Metric "m" assessed Inconclusive due to consecutiveSuccess (1) < consecutiveSuccessLimit (3)',
    ],
  ])('%s', (_, fields, letters, phase, message) => {
    const { status } = play({ metrics: [metric(fields)] }, { m: letters });
    expect({ phase: status.phase, message: status.message }).toEqual({ phase, message });
    const summary = { count: 1, [phase.toLowerCase()]: 1 };
    expect(status.runSummary).toEqual(summary);
  });

  it('leave an endless one running', () => {
    const { status, at } = play({ metrics: [metric(every2)] }, { m: 'S' }, 9 * secondMs);
    expect(status).toMatchObject({ phase: 'Running', runSummary: { count: 1 } });
    expect(at).toEqual([0, 2, 4, 6, 8]);
  });
});

describe('the times of measurements', () => {
  it('come 10 s after an error, whatever the interval', () => {
    const fields = { interval: '1m', count: 2, consecutiveErrorLimit: 2 };
    expect(play({ metrics: [metric(fields)] }, { m: 'E' }).at).toEqual([0, 10, 20]);
  });

  it('wait for the delay', () => {
    const { at, status } = play({ metrics: [metric({ initialDelay: '4s' })] }, {});
    expect(at).toEqual([4]);
    expect(status.startedAt).toBe(toTime(start));
  });

  it('say what is next', () => {
    const metrics = [metric({ initialDelay: '1h' }), metric({ ...every2, name: 'n' })];
    const { status } = play({ metrics }, {}, 0);
    expect(nextDue(status, metrics)).toEqual({ at: start + 2000, name: 'n', goesOn: false });
  });
});

describe('several metrics', () => {
  const three = [metric({ ...every2, name: 'a' }), metric({ name: 'b' })];
  const late = metric({ name: 'c', initialDelay: '1h' });

  it('end with the first that fails; one that has not begun is left out', () => {
    const { status, events } = play({ metrics: [...three, late] }, { b: 'F' });
    expect(status).toMatchObject({
      phase: 'Failed',
      message: 'Metric "b" assessed Failed due to failed (1) > failureLimit (0)',
      runSummary: { count: 3, successful: 1, failed: 1 },
      metricResults: [{ phase: 'Successful' }, { phase: 'Failed' }],
    });
    expect(events).toEqual([
      "MetricFailed Metric 'b' Completed. Result: Failed",
      "MetricSuccessful Metric 'a' Completed. Result: Successful",
    ]);
  });

  it('have no say where they only run dry, and are waited for', () => {
    const metrics = [metric({ name: 'dry', count: 2, ...every2 }), metric({ name: 'wet' })];
    const { status } = play({ metrics, dryRun: [{ metricName: 'dry' }] }, { dry: 'F' });
    expect(status).toMatchObject({
      phase: 'Successful',
      runSummary: { count: 1, successful: 1 },
      dryRunSummary: { count: 1, failed: 1 },
    });
    expect(resultOf(status, 'dry')?.message).toBe(
      'Metric assessed Failed due to failed (1) > failureLimit (0)',
    );
    expect(status.message).toBeUndefined();
  });
});

describe('a run that is to end', () => {
  it('is a success, but for what has passed a limit', () => {
    const spec = { metrics: [metric({ initialDelay: '1h' })], terminate: true };
    const { status } = play(spec, {});
    expect(status).toMatchObject({ phase: 'Successful', message: 'Run Terminated' });
    expect(status.completedAt).toBe(toTime(start));
    expect(status.metricResults).toBeUndefined();
  });
});

describe('a result', () => {
  it.each<[string | undefined, string | undefined, number, string]>([
    [undefined, undefined, 1, 'Successful'],
    ['result == 1', undefined, 1, 'Successful'],
    ['result == 1', undefined, 2, 'Failed'],
    [undefined, 'result == 1', 1, 'Failed'],
    [undefined, 'result == 1', 2, 'Successful'],
    ['result == 1', 'result == 1', 1, 'Failed'],
    ['result == 1', 'result == 2', 3, 'Inconclusive'],
  ])('with success %s and failure %s is of %s %s', (success, failure, result, phase) => {
    const conditions = {
      ...(success !== undefined && { successCondition: success }),
      ...(failure !== undefined && { failureCondition: failure }),
    };
    expect(judge(metric(conditions), { result }, start)).toEqual({ phase });
  });

  it('that cannot be judged is an error, which says when there was nothing', () => {
    const faulty = metric({ successCondition: 'result + 1' });
    expect(judge(faulty, { result: 1 }, start)).toEqual({
      error: 'could not evaluate successCondition "result + 1": expected bool, but got float64',
    });
    const nothing = 'metric result is nil or empty: no data returned from the metric provider';
    for (const empty of [null, []]) {
      expect(judge(faulty, { result: empty }, start)).toEqual({
        error: `could not evaluate successCondition "result + 1": ${nothing}`,
      });
    }
  });

  it('holds no secret', () => {
    const at = { startedAt: toTime(start), phase: 'Error' };
    const measurements = [
      { ...at, value: '"key-s3cret"', message: 's3cret s3', metadata: { q: 's3' } },
    ];
    const metadata = { ResolvedPrometheusQuery: 'up{k="s3"}' };
    const hidden = withoutSecrets({ name: 's3', phase: 'Error', measurements, metadata }, [
      's3',
      's3cret',
      '',
    ]);
    expect(hidden).toEqual({
      name: 's3',
      phase: 'Error',
      measurements: [
        { ...at, value: '"key-*****"', message: '***** *****', metadata: { q: '*****' } },
      ],
      metadata: { ResolvedPrometheusQuery: 'up{k="*****"}' },
    });
    const value = '{"said":"a\\"b\\u003cc","path":"/?k=a%22b%3Cc"}';
    const echoed = { name: 'm', phase: 'Running', measurements: [{ ...at, value }] };
    expect(withoutSecrets(echoed, ['a"b<c']).measurements?.[0]?.value).toBe(
      '{"said":"*****","path":"/?k=*****"}',
    );
  });
});

describe('what is kept', () => {
  it('is ten measurements, or as many as a rule says; the counts go on', () => {
    const metrics = [metric({ ...every2, count: 12 }), metric({ ...every2, count: 4, name: 'n' })];
    const { status } = play({ metrics }, {});
    const spec = { measurementRetention: [{ metricName: 'n', limit: 2 }] };
    const kept = retained(spec, status);
    expect(kept.status.metricResults?.map((each) => each.measurements?.length)).toEqual([10, 2]);
    expect(kept.status.metricResults?.map(({ count }) => count)).toEqual([12, 4]);
    expect(kept.dropped.map(({ name, measurements }) => [name, measurements.length])).toEqual([
      ['m', 2],
      ['n', 2],
    ]);
  });

  it('is the run itself, until its time is over', () => {
    const completedAt = toTime(start);
    const expiry = (phase: string, ttlStrategy: object): Millis | undefined =>
      expiryOf({ spec: { ttlStrategy } }, { phase, completedAt });
    const all = { secondsAfterSuccess: 1, secondsAfterFailure: 2, secondsAfterCompletion: 3 };
    const seconds = (phase: string, ttl: object) => (expiry(phase, ttl) ?? Number.NaN) - start;
    expect(['Successful', 'Failed', 'Error'].map((phase) => seconds(phase, all))).toEqual([
      1000, 2000, 3000,
    ]);
    expect(seconds('Successful', { secondsAfterCompletion: 0 })).toBe(0);
    expect(expiry('Error', { secondsAfterFailure: 2 })).toBeUndefined();
    expect(expiry('Running', all)).toBeUndefined();
  });
});
