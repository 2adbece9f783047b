import { describe, expect, it } from 'vitest';
import { Terminal, Transient } from '../../lib/errors.ts';
import type { Measurement } from '../../lib/model/argo.generated.ts';
import type { InvokeInput, MetricDataInput } from '../../lib/model/metricCalls.ts';
import { at, measure, now, posted, providerOf, service } from './stage.ts';

describe('kayenta', () => {
  const source = (address: string, more: object = {}) => ({
    kayenta: {
      ...{ address, application: 'app', canaryConfigName: 'cfg', metricsAccountName: 'ma' },
      ...{ configurationAccountName: 'ca', storageAccountName: 'sa' },
      threshold: { pass: 90, marginal: 75 },
      scopes: [
        {
          name: 'default',
          controlScope: { scope: 'stable', region: 'eu', step: 60 },
          experimentScope: { scope: 'canary', region: 'eu', step: 60 },
        },
      ],
      ...more,
    },
  });
  const configs = { body: '[{"id":"c-0","name":"other"},{"id":"c-1","name":"cfg"}]' };

  it('begins a judgement of the configuration with that name', async () => {
    const { url, port, came } = await service(configs, { body: '{"canaryExecutionId":"e-1"}' });
    const measured = await measure(source(url), {}, { interval: '5m' });
    expect(measured).toEqual({
      ...{ phase: 'Running', metadata: { canaryExecutionId: 'e-1' }, resumeAt: now + 15_000 },
    });
    const times = '"start":"2026-01-31T11:55:00Z","end":"2026-01-31T12:00:00Z"';
    const scope = (name: string) => `{"scope":"${name}","location":"eu","step":60,${times}}`;
    const body =
      `{"scopes":{"default":{"controlScope":${scope('stable')},` +
      `"experimentScope":${scope('canary')}}},"thresholds":{"pass":90,"marginal":75}}`;
    const accounts = 'metricsAccountName=ma&configurationAccountName=ca&storageAccountName=sa';
    expect(came).toEqual([
      {
        line: 'GET /canaryConfig?application=app&configurationAccountName=sa',
        headers: at(port),
        body: '',
      },
      {
        line: `POST /canary/c-1?application=app&${accounts}`,
        headers: { ...posted(port, body), 'Content-Type': 'application/json' },
        body,
      },
    ]);
  });

  it('looks back to the start of the run where it says so, and takes given times', async () => {
    const { url, came } = await service(configs, { body: '{"canaryExecutionId":"e-1"}' });
    await measure(source(url, { lookback: true }));
    expect(came[1]?.body).toContain('"start":"2026-01-31T11:50:00Z","end":"2026-01-31T12:00:00Z"');
    const one = { scope: 's', region: 'r', step: 1, start: 'S', end: 'E' };
    const scopes = [{ name: 'x', controlScope: one, experimentScope: { ...one, end: '' } }];
    const { url: again } = await service(configs);
    expect(await measure(source(again, { scopes }))).toEqual({
      error: 'controlScope.end and experimentScope.end must both be set or be empty',
    });
  });

  const running: Measurement = { phase: 'Running', metadata: { canaryExecutionId: 'e-1' } };
  const judged = async (body: string, status = 200) => {
    const { url, came } = await service({ status, body });
    const measured = await measure(source(url), { measurement: running });
    return { measured, lines: came.map(({ line }) => line) };
  };
  const score = (value: number) =>
    `{"complete":true,"result":{"judgeResult":{"score":{"score":${value}}}}}`;

  it('looks again until it is complete, and goes by the score', async () => {
    const kept = { metadata: running.metadata };
    const going = await judged('{"complete":false}');
    expect(going.lines).toEqual(['GET /canary/e-1']);
    expect(going.measured).toEqual({ ...kept, phase: 'Running', resumeAt: now + 15_000 });
    const of = async (value: number) => (await judged(score(value))).measured;
    expect(await of(90)).toEqual({ ...kept, phase: 'Successful', value: '90' });
    expect(await of(89.9)).toEqual({ ...kept, phase: 'Inconclusive', value: '89' });
    expect(await of(74)).toEqual({ ...kept, phase: 'Failed', value: '74' });
  });

  it('tells what is wrong', async () => {
    expect((await judged('{}', 500)).measured).toEqual({ error: 'Invalid Response' });
    expect((await judged('{}')).measured).toMatchObject({ error: 'Missing Complete Status' });
    expect((await judged('{"complete":true}')).measured).toMatchObject({ error: 'Missing Score' });
    const none = await service({ body: '[]' });
    expect(await measure(source(none.url))).toEqual({ error: 'Canary config not found' });
    const gone = await service({ status: 404, body: '' });
    expect(await measure(source(gone.url))).toEqual({ error: 'Invalid Response: HTTP 404' });
  });
});

describe('cloudWatch', () => {
  const result = (values: number[]) => ({
    ...{ id: 'rate', label: 'Rate', statusCode: 'Complete', messages: [] },
    timestamps: values.map((_, index) => now - index * 1000),
    values,
  });
  const queries = [
    { id: 'rate', expression: 'e2/e1', label: 'Rate' },
    {
      id: 'e1',
      returnData: false,
      period: '60',
      metricStat: {
        metric: { namespace: 'AWS/X', metricName: 'n', dimensions: [{ name: 'd', value: 'v' }] },
        ...{ period: 300, stat: 'p99', unit: 'Count' },
      },
    },
  ];

  it('asks GetMetricData for its interval, and prints the values as Go does', async () => {
    const asked: MetricDataInput[] = [];
    const metricData = async (input: MetricDataInput) => {
      asked.push(input);
      return { results: [result([0.1, 1e6]), result([])], messages: [] };
    };
    const source = { cloudWatch: { interval: '30m', metricDataQueries: queries } };
    const measured = await measure(source, { aws: { metricData } });
    expect(measured).toMatchObject({ value: '[[0.1 1e+06] []]' });
    expect(measured).toHaveProperty('result[0].Values', [0.1, 1_000_000]);
    expect(measured).toHaveProperty('result[0].Timestamps[0]', '2026-01-31T12:00:00.500Z');
    expect(asked).toEqual([
      {
        ...{ from: now - 30 * 60_000, to: now, nonce: 'm 2' },
        queries: [
          { Id: 'rate', Expression: 'e2/e1', Label: 'Rate' },
          {
            ...{ Id: 'e1', ReturnData: false, Period: 60 },
            MetricStat: {
              Metric: {
                ...{ Namespace: 'AWS/X', MetricName: 'n' },
                Dimensions: [{ Name: 'd', Value: 'v' }],
              },
              ...{ Period: 300, Stat: 'p99', Unit: 'Count' },
            },
          },
        ],
      },
    ]);
  });

  it('keeps what AWS says beside them, and what it refuses is an error', async () => {
    const source = { cloudWatch: { metricDataQueries: [] } };
    const told = async () => ({ results: [], messages: [{ code: 'C', value: 'v' }] });
    expect(await measure(source, { aws: { metricData: told } })).toEqual({
      ...{ value: '[]', result: [], metadata: { messages: '[{Code:C Value:v}]' } },
    });
    for (const error of [new Terminal('denied'), new Transient('throttled')]) {
      const metricData = async () => {
        throw error;
      };
      expect(await measure(source, { aws: { metricData } })).toEqual({ error: error.message });
    }
    const odd = { cloudWatch: { interval: 'x' } };
    expect(await measure(odd)).toEqual({ error: 'time: invalid duration "x"' });
  });
});

describe('a plugin', () => {
  const source = (spec: object) => ({ plugin: { 'serin/lambda': spec } });

  it('serin/lambda has a function measure, which is told for whom', async () => {
    const asked: InvokeInput[] = [];
    const invokeFunction = async (input: InvokeInput) => {
      asked.push(input);
      return { payload: '{"p99":12.5}' };
    };
    const spec = { functionName: 'serin-metric-x', payload: { a: 1 } };
    expect(await measure(source(spec), { aws: { invokeFunction } })).toEqual({
      ...{ value: '{"p99":12.5}', result: { p99: 12.5 } },
    });
    expect(asked).toEqual([
      {
        ...{ functionName: 'serin-metric-x', nonce: 'm 2' },
        payload:
          '{"cluster":"prod","analysisRun":{"namespace":"shop","name":"web-1","uid":"u-1"},' +
          '"metric":"m","measurement":3,"payload":{"a":1}}',
      },
    ]);
  });

  it('that fails, or answers an error or no JSON, is an error', async () => {
    const of = async (answer: { payload: string; functionError?: string }) =>
      await measure(source({ functionName: 'f' }), { aws: { invokeFunction: async () => answer } });
    expect(await of({ payload: '{"errorMessage":"boom"}', functionError: 'Unhandled' })).toEqual({
      error: 'the function ended with an error: boom',
    });
    expect(await of({ payload: '{"error":"no data"}' })).toEqual({ error: 'no data' });
    expect(await of({ payload: '<' })).toEqual({ error: 'the function’s answer is no JSON' });
    expect(await of({ payload: 'null' })).toEqual({ value: 'null', result: null });
  });

  it('of another name is refused, and told what to do', async () => {
    const plugin = { 'argoproj-labs/sample': {} };
    const message =
      'Serin does not run the plugin argoproj-labs/sample: have a Lambda function measure, with ' +
      'plugin: {"serin/lambda": {functionName: NAME, payload: {…}}}';
    const metric = { name: 'm', provider: { plugin } };
    expect(providerOf(metric).validate(metric, 'spec.metrics[0]')).toEqual([
      { path: 'spec.metrics[0].provider.plugin', message },
    ]);
    expect(await measure({ plugin })).toEqual({ error: message });
    const odd = { name: 'm', provider: source({ functionName: 'a b', extra: 1 }) };
    expect(
      providerOf(odd)
        .validate(odd, 'p')
        .map(({ path }) => path),
    ).toEqual([
      'p.provider.plugin["serin/lambda"].functionName',
      'p.provider.plugin["serin/lambda"].extra',
    ]);
  });
});
