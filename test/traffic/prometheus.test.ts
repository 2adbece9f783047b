import { describe, expect, it } from 'vitest';
import type { AnalysisRunStatus, PrometheusMetric } from '../../lib/model/argo.generated.ts';
import { defined } from '../../lib/model/defined.ts';
import { until } from '../cluster/processes.ts';
import { apply, newNamespace } from '../cluster/stage.ts';
import { withStage } from './stage.ts';

// What a real Prometheus answers, measured once by runs of nobody.

const stage = withStage({ metrics: true });

type Measured = { phase?: string; value?: string; message?: string };

/** The run's only measurement of each question. */
async function measured(
  name: string,
  address: string,
  questions: Record<string, PrometheusMetric>,
  successCondition = 'true',
): Promise<Record<string, Measured>> {
  const { plane } = stage();
  const namespace = await newNamespace(plane, name);
  const metrics = Object.entries(questions).map(([metric, asked]) => ({
    ...{ name: metric, successCondition, consecutiveErrorLimit: 0 },
    provider: { prometheus: { address, ...asked } },
  }));
  await apply(plane, {
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun' },
    ...{ metadata: { name: 'run', namespace }, spec: { metrics } },
  });
  let status: AnalysisRunStatus | undefined;
  await until(`the run ${name}`, async () => {
    const args = ['get', 'analysisrun', 'run', '-n', namespace, '-o', 'json'];
    status = JSON.parse(await plane.kubectl(args)).status;
    return status?.completedAt !== undefined;
  });
  return Object.fromEntries(
    (status?.metricResults ?? []).map(({ name: metric, measurements = [] }) => {
      const [{ phase, value, message } = { phase: undefined }] = measurements;
      return [metric, defined({ phase, value, message })];
    }),
  );
}

const ways: [string, () => string][] = [
  ['by its Service, through the API server', () => stage().metrics().address],
  ['by its address', () => stage().metrics().podAddress],
];

describe.each(ways)('a real Prometheus, reached %s', (way, address) => {
  const name = way.includes('Service') ? 'by-service' : 'by-address';

  it('answers instant queries', async () => {
    const query = (each: string): PrometheusMetric => ({ query: each });
    const found = await measured(`instant-${name}`, address(), {
      vector: query('vector(0.25)'),
      scalar: query('scalar(vector(0.1)) + 3'),
      several: query('vector(1) or label_replace(vector(2), "a", "b", "", "")'),
      // No series has this name.
      nothing: query('nothing_of_this_name'),
      infinite: query('vector(1) / 0'),
      'no-number': query('vector(0) / 0'),
      scraped: query('up{job="gateway"}'),
    });
    const succeeded = (value: string) => ({ phase: 'Successful', value });
    expect(found).toEqual({
      vector: succeeded('[0.25]'),
      scalar: succeeded('3.1'),
      several: succeeded('[1,2]'),
      nothing: succeeded('[]'),
      infinite: succeeded('[+Inf]'),
      'no-number': succeeded('[NaN]'),
      scraped: succeeded('[1]'),
    });
  });

  it('answers a range', async () => {
    const rangeQuery = { start: 'now() - duration("20s")', end: 'now()', step: '5s' };
    const asked = { query: 'vector(7)', rangeQuery };
    const found = await measured(`range-${name}`, address(), { range: asked }, 'len(result) == 5');
    expect(found).toEqual({ range: { phase: 'Successful', value: '[7,7,7,7,7]' } });
  });

  it('says what is wrong with a query', async () => {
    const found = await measured(`wrong-${name}`, address(), { wrong: { query: 'sum(' } });
    const message =
      'bad_data: invalid parameter "query": 1:5: parse error: unclosed left parenthesis';
    expect(found).toEqual({ wrong: { phase: 'Error', message } });
  });
});

describe('a real Prometheus that scrapes serin run', () => {
  it('reads all that it tells', async () => {
    await measured('scraped', stage().metrics().podAddress, { one: { query: 'vector(1)' } });
    const last = async (expression: string): Promise<number | undefined> => {
      const values = await stage()
        .metrics()
        .range(expression, Date.now() - 2000, Date.now());
      return values.at(-1)?.[1];
    };
    const run = 'namespace="scraped",name="run"';
    await until('the run in Prometheus', async () => {
      return (await last(`analysis_run_info{${run},phase="Successful"}`)) === 1;
    });
    expect(await last('up{job="serin"}')).toBe(1);
    expect(await last(`analysis_run_metric_phase{${run},metric="one",phase="Successful"}`)).toBe(1);
    expect(await last(`analysis_run_reconcile_count{${run}}`)).toBeGreaterThan(0);
    const created = 'controller_clientset_k8s_request_total{kind="events",status_code="201"}';
    expect(await last(`sum(${created})`)).toBeGreaterThan(0);
  });
});
