import { describe, expect, it } from 'vitest';
import { allWithArguments, withSecrets } from '../../../lib/decide/analysisRun/arguments.ts';
import { metricsFault, rulesFault } from '../../../lib/decide/analysisRun/validate.ts';
import type { Argument, Metric } from '../../../lib/model/argo.generated.ts';

// Verdicts as the peer gives them: the recording run-invalid, and argo v1.10.1 utils/analysis/factory.go.

const web = { web: { url: 'http://metrics/ok' } };
const pair = { count: 2, interval: '2s' };

function faultOf(...metrics: Partial<Metric>[]): string | undefined {
  return metricsFault(metrics.map((metric) => ({ name: 'm', provider: web, ...metric })));
}

describe('metrics of a run', () => {
  it.each<[string, Partial<Metric>[], string | undefined]>([
    ['none', [], 'no metrics specified'],
    ['one name twice', [{}, {}], "metrics[1]: duplicate name 'm'"],
    ['no interval', [{ count: 2 }], 'metrics[0]: interval must be specified when count > 1'],
    [
      'an interval without a unit that Go knows',
      [{ count: 2, interval: '1x' }],
      'metrics[0]: invalid interval string: time: unknown unit "x" in duration "1x"',
    ],
    [
      'a unit that only begins as one',
      [{ interval: '1hx' }],
      'metrics[0]: invalid interval string: time: unknown unit "hx" in duration "1hx"',
    ],
    [
      'an interval without a unit',
      [{ interval: '5' }],
      'metrics[0]: invalid interval string: time: missing unit in duration "5"',
    ],
    [
      'a delay in words',
      [{ initialDelay: 'soon' }],
      'metrics[0]: invalid startDelay string: time: invalid duration "soon"',
    ],
    ['no provider', [{ provider: {} }], 'metrics[0]: no provider specified'],
    [
      'two providers',
      [{ provider: { ...web, prometheus: { query: 'up' } } }],
      'metrics[0]: multiple providers specified',
    ],
    [
      'two plugins',
      [{ provider: { plugin: { a: {}, b: {} } } }],
      'metrics[0]: multiple providers specified',
    ],
    [
      'no limit at all',
      [{ ...pair, failureLimit: -1 }],
      'metrics[0]: failureLimit and consecutiveSuccessLimit cannot both be disabled',
    ],
    [
      'a negative limit',
      [{ ...pair, failureLimit: -2 }],
      'metrics[0]: failureLimit must be >= 0, or -1 to be disabled',
    ],
    [
      'a negative limit of successes',
      [{ consecutiveSuccessLimit: -1 }],
      'metrics[0]: consecutiveSuccessLimit must be >= 0',
    ],
    [
      'a count below the failures',
      [{ ...pair, failureLimit: 3 }],
      'metrics[0]: count (2) must be >= failureLimit + consecutiveSuccessLimit (3 + 0) if both >= 0',
    ],
    [
      'a count below both',
      [{ ...pair, failureLimit: '1', consecutiveSuccessLimit: 2 }],
      'metrics[0]: count (2) must be >= failureLimit + consecutiveSuccessLimit (1 + 2) if both >= 0',
    ],
    [
      'a count below the successes',
      [{ ...pair, failureLimit: -1, consecutiveSuccessLimit: 3 }],
      'metrics[0]: count must be >= consecutiveSuccessLimit',
    ],
    [
      'a count below the inconclusive',
      [{ ...pair, inconclusiveLimit: 3 }],
      'metrics[0]: count must be >= inconclusiveLimit',
    ],
    [
      'a negative limit of inconclusive ones',
      [{ inconclusiveLimit: -1 }],
      'metrics[0]: inconclusiveLimit must be >= 0',
    ],
    [
      'a negative limit of errors',
      [{ consecutiveErrorLimit: -1 }],
      'metrics[0]: consecutiveErrorLimit must be >= 0',
    ],
    ['a sound one', [{ ...pair, failureLimit: 1 }], undefined],
    ['a sound one in texts', [{ count: '2', interval: '1m30s', failureLimit: '2' }], undefined],
  ])('%s', (_, metrics, fault) => {
    expect(faultOf(...metrics)).toBe(fault);
  });

  it('name a rule by a pattern, which has to find one', () => {
    const metrics = [{ name: 'success-rate', provider: web }];
    expect(rulesFault({ dryRun: [{ metricName: 'rate$' }] }, metrics)).toBeUndefined();
    expect(rulesFault({ dryRun: [{ metricName: 's.*' }, { metricName: '[a' }] }, metrics)).toBe(
      "dryRun[1]: Rule didn't match any metric name(s)",
    );
    const measurementRetention = [{ metricName: 'other', limit: 2 }];
    expect(rulesFault({ measurementRetention }, metrics)).toBe(
      "measurementRetention[0]: Rule didn't match any metric name(s)",
    );
  });
});

describe('arguments', () => {
  const metric = (fields: Partial<Metric>): Metric => ({ name: 'm', provider: web, ...fields });
  const resolve = (fields: Partial<Metric>, args: Argument[]) =>
    allWithArguments([metric(fields)], args);

  it('stand wherever a text of the metric names them, numbers too', () => {
    const provider = { web: { url: 'http://{{args.host}}/{{ args.host }}?q={{args.q}}' } };
    const fields = { count: '{{args.n}}', successCondition: 'result > {{args.n}}', provider };
    const args = [
      { name: 'n', value: '3' },
      { name: 'host', value: 'a' },
      { name: 'q', value: 'x"y\\z\n' },
    ];
    expect(resolve(fields, args)).toEqual({
      metrics: [
        {
          name: 'm',
          count: '3',
          successCondition: 'result > 3',
          provider: { web: { ...webOf('http://a/a?q=x"y\\z\n') } },
        },
      ],
    });
  });

  it('are refused where one has no value, or is not declared', () => {
    expect(resolve({}, [{ name: 'x' }])).toEqual({ error: 'argument "x" was not supplied' });
    expect(resolve({ count: '{{args.x}}' }, [])).toEqual({
      error: 'failed to resolve {{args.x}}',
    });
  });

  it('are not put into what an argument says', () => {
    const args = [
      { name: 'a', value: '{{args.b}}' },
      { name: 'b', value: '1' },
    ];
    expect(resolve({ interval: '{{args.a}}' }, args)).toMatchObject({
      metrics: [{ interval: '{{args.b}}' }],
    });
  });

  it('of secrets are put in only where they are given', () => {
    const secretKeyRef = { name: 'keys', key: 'api' };
    const args = [{ name: 'key', valueFrom: { secretKeyRef } }];
    expect(withSecrets(args)).toEqual([{ name: 'key', value: 'temp-for-secret' }]);
    expect(withSecrets(args, new Map([['key', 's3']]))).toEqual([{ name: 'key', value: 's3' }]);
  });
});

function webOf(url: string) {
  return { url, authentication: { oauth2: {}, sigv4: {} } };
}
