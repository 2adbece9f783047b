import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SimulatedRelease } from '../../cli/simulate/simulation.ts';
import { serin, temporaryFolder } from './support.ts';

const example = readFileSync('examples/front-api.yaml', 'utf8');
const image = ['--image', 'front-api=front-api:new-tag'];

/** The example with an analysis, and a template in a file of its own. */
function files(analysis: string, spec: object, kind = 'AnalysisTemplate'): string[] {
  const folder = temporaryFolder();
  const [rollout, template] = [join(folder, 'rollout.yaml'), join(folder, 'template.yaml')];
  writeFileSync(rollout, example.replace('canary:\n', `canary:\n      ${analysis}\n`));
  const object = { apiVersion: 'argoproj.io/v1alpha1', kind, metadata: { name: 'check' }, spec };
  writeFileSync(template, JSON.stringify(object));
  return [rollout, template];
}

const background = 'analysis: {templates: [{templateName: check}]}';
const rate = {
  ...{ name: 'success-rate', interval: '1m', successCondition: 'result[0] >= 0.95' },
  provider: { prometheus: { address: 'http://prometheus:9090', query: 'rate' } },
};

async function simulate(paths: string[], ...more: string[]) {
  const { code, out, err } = await serin(['simulate', ...paths, ...image, '--json', ...more]);
  expect(err).toBe('');
  return { code, ...(JSON.parse(out) as SimulatedRelease) };
}

/** `TIME TEXT` of what is told of analyses. */
function told({ steps }: SimulatedRelease): string[] {
  return steps.flatMap(({ atSeconds, happened }) =>
    happened
      .filter((text) => /[Aa]nalysis|^Metric/.test(text))
      .map((text) => `${Math.floor(atSeconds)}s ${text.replace(/front-api-[a-z0-9]+/, 'RUN')}`),
  );
}

describe('simulate --metric', () => {
  it('aborts at the value that a condition does not hold for, and says so', async () => {
    const release = await simulate(
      files(background, { metrics: [rate] }),
      ...['--metric', 'success-rate=0.99,0.97,0.2'],
    );
    expect(told(release).slice(0, 2)).toEqual([
      '120s Metric success-rate was 0.2: Failed',
      '120s Analysis run RUN-2 is Failed: ' +
        'Metric "success-rate" assessed Failed due to failed (1) > failureLimit (0)',
    ]);
    expect(told(release)[2]).toMatch(/^120s RolloutAborted: .*Background analysis phase error\/f/);
    expect(release).toMatchObject({ phase: 'Degraded', code: 1 });
  });

  it('goes on with the last value, and tells of no measurement that is good', async () => {
    const values = ['--metric', 'success-rate=0.99,0.97', '--at', '5m=promote'];
    const release = await simulate(files(background, { metrics: [rate] }), ...values);
    expect(told(release)).toEqual(['373s Analysis run RUN-2 is Successful: Run Terminated']);
    expect(release).toMatchObject({ phase: 'Healthy', code: 0 });
  });

  it('takes metrics to succeed whose values nobody gives, and says so', async () => {
    const never = { ...rate, successCondition: 'false' };
    const release = await simulate(files(background, { metrics: [never] }));
    const text = 'Metric success-rate is taken to succeed: no --metric gives its values';
    expect(told(release)).toEqual([`0s ${text}`]);
    expect(release).toMatchObject({ phase: 'Paused', code: 0 });
  });

  it('knows errors, no data, and numbers that are none', async () => {
    const web = { web: { url: 'http://metrics.example/up', jsonPath: '{$.data.up}' } };
    const metrics = [
      { ...rate, name: 'nan', failureLimit: 9 },
      { ...rate, name: 'empty' },
      { ...rate, name: 'late' },
      { ...rate, name: 'word', successCondition: 'result == "up"', provider: web },
    ];
    const values = ['nan=NaN', 'empty=null,1', 'late=timeout,1', 'word="up","down"'];
    const release = await simulate(
      files(background, { metrics }),
      ...values.flatMap((text) => ['--metric', text]),
    );
    expect(told(release).slice(0, 4)).toEqual([
      '0s Metric nan was NaN: Failed',
      '0s Metric empty could not be measured: could not evaluate successCondition ' +
        '"result[0] >= 0.95": metric result is nil or empty: no data returned from the metric provider',
      '0s Metric late could not be measured: timeout',
      '60s Metric nan was NaN: Failed',
    ]);
    expect(told(release)).toContain('60s Metric word was "down": Failed');
    expect(release.phase).toBe('Degraded');
  });

  it('reads templates of the whole cluster, and arguments that lie in Secrets', async () => {
    const analysis = 'analysis: {templates: [{templateName: check, clusterScope: true}]}';
    const args = [{ name: 'token', valueFrom: { secretKeyRef: { name: 'shop', key: 'token' } } }];
    const headers = [{ key: 'Authorization', value: 'Bearer {{args.token}}' }];
    const provider = { web: { url: 'http://metrics.example/', headers } };
    const metrics = [{ ...rate, successCondition: 'result > 1', provider }];
    const paths = files(analysis, { args, metrics }, 'ClusterAnalysisTemplate');
    expect(told(await simulate(paths, '--metric', 'success-rate=1'))[0]).toBe(
      '0s Metric success-rate was 1: Failed',
    );
  });

  it('waits for the analysis of a step, however long its interval is', async () => {
    const slow = { ...rate, interval: '2h', count: 3 };
    const [rollout = '', template = ''] = files(background, { metrics: [slow] });
    const step = `steps:\n      - ${background}\n`;
    writeFileSync(rollout, example.replace('steps:\n', step));
    const release = await simulate([rollout, template], '--metric', 'success-rate=1');
    expect(told(release)[0]).toBe(
      '14400s Analysis run RUN-2-0 is Successful: success-rate was 1, 1, 1 (needs result[0] >= 0.95)',
    );
    expect(release).toMatchObject({ phase: 'Paused', waitsFor: [{}] });
  });
});

describe('a number is what the provider would answer:', () => {
  const query = 'q';
  const job = {
    spec: {
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } },
    },
  };
  const kayenta = {
    ...{ address: 'http://kayenta', application: 'shop', canaryConfigName: '{{args.config}}' },
    ...{ metricsAccountName: 'a', configurationAccountName: 'b', storageAccountName: 'c' },
    ...{ threshold: { pass: 90, marginal: 70 }, lookback: true, scopes: [] },
  };
  /** The condition holds for the first of the values, and not for the second. */
  const table: [string, object, string | undefined, [string, string]][] = [
    ['prometheus', { address: 'http://p', query }, 'result[0] == 2', ['2', '3']],
    ['web', { url: 'http://w', jsonPath: '{$.a}' }, 'result == 2', ['2', '3']],
    ['datadog', { query, secretRef: { name: 'own' } }, 'result == 2', ['2', '3']],
    ['graphite', { address: 'http://g', query }, 'result[1] == 2', ['[1,2]', '[1,3]']],
    ['influxdb', { profile: 'own', query }, 'result[0] == 2', ['2', '3']],
    ['wavefront', { address: '{{args.config}}', query }, 'result == 2', ['2', '3']],
    ['newRelic', { profile: 'own', query }, 'result.rate == 2', ['{"rate":2}', '{"rate":3}']],
    ['skywalking', { address: 'http://s', query }, 'result.a == 2', ['{"a":2}', '{"a":3}']],
    [
      'cloudWatch',
      { metricDataQueries: [{ id: 'a' }] },
      'all(result[0].Values, {# == 2})',
      ['2', '3'],
    ],
    ['plugin', { 'serin/lambda': { functionName: 'f' } }, 'result == 2', ['2', '3']],
    ['kayenta', kayenta, undefined, ['90', '20']],
    ['job', job, undefined, ['0', '1']],
  ];
  const metrics = table.map(([field, spec, successCondition]) => ({
    ...{ name: field, provider: { [field]: spec } },
    ...(successCondition !== undefined && { successCondition }),
  }));
  const spec = { args: [{ name: 'config', value: 'c' }], metrics };
  const given = (which: 0 | 1) =>
    table.flatMap(([field, , , values]) => ['--metric', `${field}=${values[which]}`]);

  it('one that is good is', async () => {
    const release = await simulate(files(background, spec), ...given(0));
    const [end = '', ...others] = told(release);
    expect(others).toEqual([]);
    expect(end).toMatch(/Analysis run RUN-2 is Successful: prometheus was 2 \(needs result/);
    expect(release.phase).toBe('Paused');
  });

  it('one that is not good is not', async () => {
    const dryRun = [{ metricName: '.*' }];
    const release = await simulate(files(background, { ...spec, dryRun }), ...given(1));
    const failed = told(release).flatMap(
      (text) => /Metric (\S+) was .*Failed$/.exec(text)?.[1] ?? [],
    );
    expect(failed.sort()).toEqual(table.map(([field]) => field).sort());
  });
});

describe('simulate refuses', () => {
  it.each([
    [
      'a metric of no template',
      'sucess-rate=1',
      'no template in the files has a metric sucess-rate',
    ],
    [
      'a value that the provider cannot answer',
      'success-rate={"a":1}',
      '--metric success-rate: {"a":1} must be a number, several in brackets, or null for no data',
    ],
    ['values that are none', 'success-rate=1,,2', /argument 'success-rate=1,,2' is invalid/],
    ['broken JSON', 'success-rate=[1', /\[1 is no JSON/],
    ['no values', 'success-rate', /Write it like success-rate=0.99,0.97,0.2/],
  ])('%s', async (_, value, message) => {
    const paths = files(background, { metrics: [rate] });
    const { code, err } = await serin(['simulate', ...paths, ...image, '--metric', value]);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});
