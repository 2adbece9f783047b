import { describe, expect, it } from 'vitest';
import { metricFaults } from '../../cli/lint/metrics.ts';

const web = { web: { url: 'http://metrics.example/ok' } };

function faults(...metrics: object[]): string[] {
  const template = { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisTemplate' };
  return metricFaults({ ...template, metadata: { name: 'check' }, spec: { metrics } }).map(
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
});
