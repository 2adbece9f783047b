import { describe, expect, it } from 'vitest';
import {
  failedText,
  measuredText,
  nextMeasurement,
} from '../../../lib/decide/analysis/measured.ts';
import type {
  AnalysisRun,
  Argument,
  Metric,
  MetricResult,
} from '../../../lib/model/argo.generated.ts';
import { fromTime } from '../../../lib/model/units.ts';

const provider = { prometheus: { address: 'http://prometheus', query: 'rate' } };
const rate = { name: 'success-rate', successCondition: 'result[0] >= 0.95', provider };
const at = '2026-01-01T00:00:00Z';

/** A run that has measured such values, as `0.87` or `E`, an error. */
function run(metric: Partial<Metric>, values: string[], counts: Partial<MetricResult> = {}) {
  const measurements = values.map((value) =>
    value === 'E'
      ? { phase: 'Error', message: 'timeout', startedAt: at, finishedAt: at }
      : { phase: 'Failed', value: `[${value}]`, startedAt: at, finishedAt: at },
  );
  const results = [{ name: rate.name, phase: 'Running', measurements, ...counts }];
  return made([{ ...rate, ...metric }], results);
}

function made(
  metrics: Metric[],
  metricResults: MetricResult[],
  args: Argument[] = [],
): AnalysisRun {
  const status = { phase: 'Running', startedAt: at, metricResults };
  return { metadata: { name: 'run' }, spec: { metrics, args }, status };
}

describe('what a run has measured is told', () => {
  it('with its condition, and how many of the allowed failures are used', () => {
    const text = measuredText(run({ failureLimit: 3 }, ['0.87', '0.86', '0.91'], { failed: 2 }));
    expect(text).toBe(
      'success-rate was 0.87, 0.86, 0.91 (needs result[0] >= 0.95): 2 of 3 allowed failures used',
    );
  });

  it.each<[string, Partial<Metric>, Partial<MetricResult>, string]>([
    ['nothing used', { failureLimit: 3 }, {}, ''],
    ['one of one', { failureLimit: 1 }, { failed: 1 }, ': 1 of 1 allowed failure used'],
    ['a text', { failureLimit: '2' }, { failed: 2 }, ': 2 of 2 allowed failures used'],
    ['none allowed', {}, { failed: 1 }, ': 1 failure where none is allowed'],
    ['one too many', { failureLimit: 1 }, { failed: 2 }, ': 2 failures where 1 is allowed'],
    [
      'no limit',
      { failureLimit: -1, consecutiveSuccessLimit: 3 },
      { failed: 7, consecutiveSuccess: 2 },
      ': 7 failures, which nothing limits, 2 of 3 needed successes in a row',
    ],
    [
      'inconclusive ones',
      { inconclusiveLimit: 2 },
      { inconclusive: 1 },
      ': 1 of 2 allowed inconclusive measurements used',
    ],
    [
      'errors, of which 4 are allowed unless it is said',
      {},
      { consecutiveError: 3, error: 9 },
      ': 3 of 4 allowed errors in a row used',
    ],
    [
      'errors with a limit',
      { consecutiveErrorLimit: 0 },
      { consecutiveError: 1 },
      ': 1 error in a row where none is allowed',
    ],
    ['errors that are over', {}, { consecutiveError: 0, error: 9 }, ''],
  ])('and exactly what counts: %s', (_, metric, counts, expected) => {
    const text = measuredText(run(metric, ['0.9'], counts));
    expect(text).toBe(`success-rate was 0.9 (needs result[0] >= 0.95)${expected}`);
  });

  it('the last five, and an error that comes again and again once', () => {
    const values = ['1', '2', '3', 'E', 'E', 'E', '4'];
    expect(measuredText(run({}, values))).toMatch(
      /^success-rate was 3, 3 times an error \(timeout\), 4 /,
    );
  });

  it('with arguments in the conditions and limits, and without secrets', () => {
    const metric = {
      ...{ name: 'ok', provider, failureLimit: '{{args.limit}}' },
      successCondition: 'result[0] > {{args.min}} && "{{args.token}}" != ""',
      failureCondition: 'result[0] < 0',
    };
    const args = [
      { name: 'limit', value: '5' },
      { name: 'min', value: '0.5' },
      { name: 'token', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } },
    ];
    const measurements = [{ phase: 'Failed', value: '[0.1]' }];
    const results = [{ name: 'ok', phase: 'Running', failed: 1, measurements }];
    expect(measuredText(made([metric], results, args))).toBe(
      'ok was 0.1 (needs result[0] > 0.5 && "*****" != "", fails on result[0] < 0): ' +
        '1 of 5 allowed failures used',
    );
  });

  it('of a failed run that which it failed for', () => {
    const results = [
      { name: 'a', phase: 'Successful', measurements: [{ phase: 'Successful', value: '1' }] },
      { name: 'b', phase: 'Failed', failed: 1, measurements: [{ phase: 'Failed', value: '2' }] },
      { name: 'c', phase: 'Failed', dryRun: true, measurements: [{ phase: 'Failed', value: '3' }] },
    ];
    const metrics = ['a', 'b', 'c'].map((name) => ({ name, provider }));
    expect(failedText(made(metrics, results))).toBe('b was 2: 1 failure where none is allowed');
  });
});

describe('the next measurement', () => {
  it('comes an interval after the last, or ten seconds after an error', () => {
    const start = fromTime(at);
    const every = { interval: '30s' };
    expect(nextMeasurement(run(every, ['1']))).toEqual({
      next: { at: start + 30_000, what: 'measurement' },
    });
    expect(nextMeasurement(run(every, ['E']))).toMatchObject({ next: { at: start + 10_000 } });
  });

  it('is named where there are several metrics, and is none where nothing more is measured', () => {
    const metrics = [{ ...rate }, { ...rate, name: 'errors', initialDelay: '5m' }];
    expect(nextMeasurement(made(metrics, [{ name: rate.name, phase: 'Failed' }]))).toEqual({
      next: { at: fromTime(at) + 300_000, what: 'measurement of errors' },
    });
    expect(nextMeasurement(run({}, ['1'], { count: 1 }))).toEqual({});
  });
});
