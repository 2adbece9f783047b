import { describe, expect, it } from 'vitest';
import { metricFaults } from '../../cli/lint/metrics.ts';

const web = { web: { url: 'http://metrics.example/ok' } };

function faults(...metrics: object[]): string[] {
  return faultsOf({ metrics });
}

function faultsOf(spec: object): string[] {
  const template = { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisTemplate' };
  return metricFaults({ ...template, metadata: { name: 'check' }, spec }).map(
    ({ path, message }) => `${path} ${message}`,
  );
}

describe('lint looks at the metrics of templates', () => {
  it('and finds nothing in one that is right', () => {
    const successCondition = 'all(result, # > 0.95) and isNaN(result[0]) == false';
    expect(faults({ name: 'ok', provider: web, successCondition })).toEqual([]);
    expect(faults({ name: 'ok', provider: web, failureCondition: 'result > {{args.a}}' })).toEqual(
      [],
    );
  });

  it.each<[string, object[], string]>([
    [
      'a condition that does not parse',
      [{ name: 'ok', provider: web, successCondition: 'result >= = 1' }],
      'spec.metrics[0].successCondition cannot be evaluated: unexpected token Operator("=")',
    ],
    [
      'a name that is not there',
      [{ name: 'ok', provider: web, failureCondition: 'reslut > 1' }],
      'spec.metrics[0].failureCondition cannot be evaluated: unknown name reslut',
    ],
    [
      'a JSONPath that does not end',
      [{ name: 'ok', provider: { web: { ...web.web, jsonPath: '{$.a' } } }],
      'spec.metrics[0].provider.web.jsonPath cannot be evaluated: unclosed action',
    ],
    ['no provider', [{ name: 'ok', provider: {} }], 'spec.metrics[0] no provider specified'],
    [
      'two providers',
      [{ name: 'ok', provider: { ...web, prometheus: { query: 'up' } } }],
      'spec.metrics[0] multiple providers specified',
    ],
    [
      'no provider, of one with arguments',
      [{ name: 'ok', provider: {}, successCondition: 'result > {{args.a}}' }],
      'spec.metrics[0] no provider specified',
    ],
    [
      'a provider without an address',
      [{ name: 'ok', count: '{{args.a}}', provider: { prometheus: { query: 'up' } } }],
      'spec.metrics[0].provider.prometheus prometheus address is not configured',
    ],
    [
      'an address that is none',
      [{ name: 'ok', provider: { web: { url: 'metrics.example/ok' } } }],
      'spec.metrics[0].provider.web Get "metrics.example/ok": unsupported protocol scheme ""',
    ],
    [
      'a plugin that Serin does not run',
      [{ name: 'ok', provider: { plugin: { 'argoproj-labs/sample': {} } } }],
      'spec.metrics[0].provider.plugin Serin does not run the plugin argoproj-labs/sample: have a ' +
        'Lambda function measure, with plugin: {"serin/lambda": {functionName: NAME, payload: {…}}}',
    ],
    [
      'a name twice',
      [
        { name: 'ok', provider: web },
        { name: 'ok', provider: web },
      ],
      'spec.metrics[1].name is the name of another metric; choose another',
    ],
  ])('and finds %s', (_what, metrics, expected) => {
    expect(faults(...metrics)).toEqual([expected]);
  });

  it('and parses a condition with the values that the template gives', () => {
    const metrics = [
      { name: 'ok', provider: web, successCondition: 'result {{args.op}} {{args.a}}' },
    ];
    const op = (value: string) => ({
      args: [
        { name: 'op', value },
        { name: 'a', value: '1' },
      ],
    });
    expect(faultsOf({ ...op('>='), metrics })).toEqual([]);
    expect(faultsOf({ ...op('>= ='), metrics })).toEqual([
      'spec.metrics[0].successCondition cannot be evaluated: unexpected token Operator("=")',
    ]);
    expect(faultsOf({ args: [{ name: 'op' }, { name: 'a', value: ') (' }], metrics })).toEqual([]);
  });
});
