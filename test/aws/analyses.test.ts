import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnalysisRun, Metric } from '../../lib/model/argo.generated.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { until } from '../cluster/processes.ts';
import { apply, newNamespace, reaches, webRollout } from '../cluster/stage.ts';
import { startFunction } from './lambda.ts';
import { keyIdOf } from './roles.ts';
import { clusterName, type Scene, startScene } from './scene.ts';
import { region } from './services.ts';

// Releases that measurements decide about: what the bundles ask of AWS, and Jobs of the cluster.

let scene: Scene;
let cloudWatch: CloudWatchClient;
beforeAll(async () => {
  scene = await startScene();
  cloudWatch = new CloudWatchClient({ region, endpoint: scene.aws.moto.endpoint });
  // The chart's value metrics.jobs.
  const folder = join(import.meta.dirname, '..', '..', 'infra', 'cluster', 'metrics', 'jobs');
  await scene.plane.kubectl(['apply', '-k', folder]);
});
afterAll(() => scene?.stop());

const argo = 'argoproj.io/v1alpha1';
const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image }] },
});

/** Version 1 of a rollout whose canary waits at a pause while `metric` is measured behind it. */
async function start(name: string, metric: Metric) {
  const namespace = await newNamespace(scene.plane, name);
  const metadata = { name: 'check', namespace };
  const spec = { metrics: [metric] };
  await apply(scene.plane, { apiVersion: argo, kind: 'AnalysisTemplate', metadata, spec });
  const analysis = { templates: [{ templateName: 'check' }] };
  const strategy = { canary: { steps: [{ setWeight: 34 }, { pause: {} }], analysis } };
  const release = (image: string) =>
    apply(scene.plane, webRollout(namespace, { strategy, template: template(image) }));
  await release('web:v1');
  await reaches(scene.plane, namespace, 'Healthy');
  return { namespace, release };
}

async function runsIn(namespace: string): Promise<AnalysisRun[]> {
  const path = `/apis/${argo}/namespaces/${namespace}/analysisruns`;
  return ((await scene.plane.read(path)) as { items: AnalysisRun[] }).items;
}

/** What rang of a namespace, and how that was answered. */
function noticesOf(place: string): string[] {
  return scene.doorbell.requests.flatMap(({ status, body }) => {
    const { resource, subResource, namespace } = JSON.parse(body).request;
    const what = [resource.resource, ...(subResource ? [subResource] : [])].join('/');
    return namespace === place ? [`${status} ${what}`] : [];
  });
}

async function only(namespace: string): Promise<AnalysisRun> {
  const runs = await runsIn(namespace);
  expect(runs).toHaveLength(1);
  return runs[0] ?? {};
}

/** What an aborted release comes to, and what the ledger says of it. */
async function isAborted(namespace: string, why: RegExp): Promise<void> {
  const { status, metadata } = await reaches(scene.plane, namespace, 'Degraded');
  expect(status?.abort).toBe(true);
  expect(status?.message).toMatch(why);
  expect(metadata?.generation).toBe(2);
  const key = { cluster: clusterName, namespace, name: 'web' };
  const aborted = async () =>
    (await scene.store.ledger(key, { limit: 50 })).items.filter(({ kind }) => kind === 'aborted');
  await until('the ledger', async () => (await aborted()).length > 0);
  const [entry] = await aborted();
  expect(entry?.text).toMatch(/analysis run web-/);
  expect(entry?.actor).toMatchObject({ name: 'serin', proof: 'verified' });
}

/** A minute ago, since CloudWatch answers up to the end of the minute that is asked for. */
const report = (Value: number) =>
  cloudWatch.send(
    new PutMetricDataCommand({
      Namespace: 'Shop',
      MetricData: [
        {
          MetricName: 'Errors',
          Dimensions: [{ Name: 'Service', Value: 'web' }],
          Timestamp: new Date(Date.now() - minuteMs),
          Value,
        },
      ],
    }),
  );

describe('a release that CloudWatch decides about', () => {
  it('goes on while the metric is well, and is aborted when it is not', async () => {
    const metric = { namespace: 'Shop', metricName: 'Errors' };
    const dimensions = [{ name: 'Service', value: 'web' }];
    const metricDataQueries = [
      {
        id: 'errors',
        metricStat: { metric: { ...metric, dimensions }, period: 60, stat: 'Maximum' },
        returnData: false,
      },
      { id: 'shown', expression: 'errors', label: 'errors of web' },
    ];
    await report(1);
    const { namespace, release } = await start('alarmed', {
      name: 'errors',
      interval: '2s',
      failureCondition: 'any(result[0].Values, {# > 10})',
      provider: { cloudWatch: { interval: '30m', metricDataQueries } },
    });
    expect(await runsIn(namespace)).toEqual([]);
    await release('web:v2');
    await reaches(scene.plane, namespace, 'Paused', { step: 1 });
    const measured = async () => (await only(namespace)).status?.metricResults?.[0];
    await until('two that are well', async () => ((await measured())?.successful ?? 0) >= 2);
    expect((await measured())?.measurements?.[0]).toMatchObject({
      phase: 'Successful',
      value: '[[1]]',
    });
    await report(50);
    await isAborted(namespace, /^RolloutAborted: Rollout aborted update to revision 2/);
    expect((await only(namespace)).status).toMatchObject({ phase: 'Failed' });
    const { calls } = scene.aws.taps.cloudwatch;
    expect(new Set(calls.map(({ operation, keyId }) => `${keyId} ${operation}`))).toEqual(
      new Set([`${keyIdOf('reconcile')} GetMetricData`]),
    );
  }, 180_000);
});

describe('a release that a Job decides about', () => {
  it('is aborted when the Job fails, of which a notice tells', async () => {
    const containers = [{ name: 'probe', image: 'probe:v1', args: ['sleep 5; exit 1'] }];
    const pod = { spec: { restartPolicy: 'Never', containers } };
    const { namespace, release } = await start('probed', {
      name: 'probe',
      provider: { job: { spec: { backoffLimit: 0, template: pod } } },
    });
    await release('web:v2');
    await isAborted(namespace, /^RolloutAborted: Rollout aborted update to revision 2/);
    expect((await only(namespace)).status?.metricResults?.[0]).toMatchObject({
      phase: 'Failed',
      failed: 1,
    });
    expect(noticesOf(namespace)).toContain('200 jobs/status');
  }, 180_000);
});

/** Whatever it was called with, and whether it was given the secrets. */
const measuring = `export const handler = async ({ cluster, metric, measurement, payload }) => ({
  errors: payload.tokens === 'of-ssm of-secrets-manager' ? 0 : 1,
  told: [cluster, metric, measurement].join(),
});`;

/** Of Secrets Manager, whose client is not needed for more. */
async function createSecret(Name: string, SecretString: string): Promise<void> {
  const credential = `test/20260101/${region}/secretsmanager/aws4_request`;
  const response = await fetch(scene.aws.moto.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'secretsmanager.CreateSecret',
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify({ Name, SecretString }),
  });
  expect(response.status).toBe(200);
}

describe('a run that somebody creates', () => {
  it('is measured by a function, which is given secrets of AWS that nothing shows', async () => {
    const ssm = new SSMClient({ region, endpoint: scene.aws.moto.endpoint });
    const parameter = {
      Name: '/serin/metrics/token',
      Value: 'of-ssm',
      Type: 'SecureString',
    } as const;
    await ssm.send(new PutParameterCommand(parameter));
    await createSecret('serin/metrics/token', '{"token":"of-secrets-manager"}');
    const folder = join(scene.aws.dir, 'measuring');
    mkdirSync(folder);
    writeFileSync(join(folder, 'index.mjs'), measuring);
    const name = 'serin-metric-errors';
    const log = join(scene.aws.dir, `${name}.log`);
    scene.aws.functions.set(name, await startFunction({ name, folder, log, env: {} }));

    const namespace = await newNamespace(scene.plane, 'measured');
    const secret = (name: string, from: string, key: string) => ({
      name,
      valueFrom: { secretKeyRef: { name: from, key } },
    });
    const plugin = {
      'serin/lambda': { functionName: name, payload: { tokens: '{{args.one}} {{args.two}}' } },
    };
    const metrics = [
      { name: 'errors', successCondition: 'result.errors == 0', provider: { plugin } },
    ];
    const args = [
      secret('one', 'ssm:/serin/metrics/token', ''),
      secret('two', 'secretsmanager:serin/metrics/token', 'token'),
    ];
    await apply(scene.plane, {
      ...{ apiVersion: argo, kind: 'AnalysisRun', metadata: { name: 'by-hand', namespace } },
      spec: { metrics, args },
    });
    const ended = async () => (await only(namespace)).status?.phase === 'Successful';
    await until('the run', ended).catch(async (error) => {
      throw new Error(`${error.message}: ${JSON.stringify((await only(namespace)).status)}`);
    });
    expect(noticesOf(namespace)).toContain('200 analysisruns');
    const run = await only(namespace);
    const [measurement] = run.status?.metricResults?.[0]?.measurements ?? [];
    expect(JSON.parse(measurement?.value ?? '')).toEqual({
      errors: 0,
      told: `${clusterName},errors,1`,
    });
    expect(JSON.stringify(run)).not.toMatch(/of-ssm|of-secrets-manager/);
  }, 120_000);
});
