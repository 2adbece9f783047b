import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished, vi } from 'vitest';
import { restApi } from '../../lib/simulate/apiServer/rest/api.ts';
import { restListener } from '../../lib/simulate/apiServer/rest/server.ts';
import { scaledClock } from '../../lib/simulate/clock.ts';
import { simulatedCluster } from '../../lib/simulate/cluster.ts';
import { startRun } from '../../server/run.ts';
import { kubeconfigFor } from '../cli/support.ts';
import { serve } from '../kubernetes/serve.ts';

// What whoever writes an AnalysisTemplate gets from the credentials that `serin run` was started with.

const assumed = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<Credentials><AccessKeyId>OFROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>t</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

/** AWS, as far as it is asked here: which action, and with whose key. */
async function awsOf(): Promise<string[]> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const [, key] = /Credential=(\w+)/.exec(request.headers.authorization ?? '') ?? [];
    const target = String(request.headers['x-amz-target'] ?? '').split('.')[1];
    const { SecretId, Name = SecretId } = target ? JSON.parse(body) : {};
    const isRole = body.includes('Action=AssumeRole');
    asked.push([target ? `${target} ${Name}` : isRole ? 'AssumeRole' : request.url, key].join(' '));
    if (isRole) return response.end(assumed);
    if (target === undefined) return response.end('0.5');
    return response.end(JSON.stringify({ Parameter: { Value: 'hunter22' }, SecretString: 'pw22' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
    vi.unstubAllEnvs();
  });
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${port}`);
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'OWN');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  return asked;
}

/** Measures the provider by `serin run`, whose `{{args.token}}` is of the secret of that name. */
async function measured({
  provider,
  secret = '',
  metricsRoleArn,
}: {
  provider: (collector: string) => object;
  secret?: string;
  metricsRoleArn?: string;
}) {
  const aws = await awsOf();
  const collected: string[] = [];
  const collector = await serve((request, response) => {
    collected.push(String(request.headers['x-key']));
    response.end('{"value": 1}');
  });
  const clock = scaledClock(1);
  const sim = simulatedCluster({ clock, seed: 1 });
  const value = { name: 'token', valueFrom: { secretKeyRef: { name: secret, key: '' } } };
  sim.apply('AnalysisTemplate', {
    metadata: { namespace: 'shop', name: 'check' },
    spec: {
      ...(secret !== '' && { args: [value] }),
      metrics: [{ name: 'm', provider: provider(collector.server) }],
    },
  } as never);
  const api = await serve(restListener(restApi(sim)));
  const watches = new AbortController();
  const run = await startRun({
    ...{ kubeconfig: kubeconfigFor(api.server), namespaces: [], instanceId: '', cluster: 'local' },
    ...{ port: 0, userAgent: 'serin/test', env: {}, dir: 'memory', log: () => {} },
    ...(metricsRoleArn !== undefined && { metricsRoleArn }),
    signal: watches.signal,
  });
  onTestFinished(async () => {
    await run.close();
    watches.abort();
    clock.stop();
    await Promise.all([api.close(), collector.close()]);
  });
  const path = '/v1/clusters/local/namespaces/shop/analysistemplates/check/try';
  const headers = { authorization: `Bearer ${run.token}` };
  const answer = await fetch(`${run.server}${path}`, { method: 'POST', headers });
  const { items } = (await answer.json()) as { items: { phase: string; message: string }[] };
  return { ...items[0], aws, collected };
}

/** Sends the secret to whom the template names. */
const sending = (url: string) => ({
  web: { url, headers: [{ key: 'X-Key', value: '{{args.token}}' }], jsonPath: '{$.value}' },
});
const calling = (functionName: string) => () => ({
  plugin: { 'serin/lambda': { functionName } },
});

it.each(['ssm:/serin/messages/slack', 'ssm:/prod/metrics/root', 'secretsmanager:prod/db'])(
  'the secret %s is neither read nor sent',
  async (secret) => {
    const { phase, message, aws, collected } = await measured({ provider: sending, secret });
    expect(message).toMatch(/is no secret of measurements: .*--metrics-role ARN/);
    expect(phase).toBe('Error');
    expect([aws, collected]).toEqual([[], []]);
  },
);

it('a secret of measurements is read, and sent', async () => {
  const secret = 'ssm:/serin/metrics/datadog';
  const { phase, aws, collected } = await measured({ provider: sending, secret });
  expect(phase).toBe('Successful');
  expect(aws).toEqual(['GetParameter /serin/metrics/datadog OWN']);
  expect(collected).toEqual(['hunter22']);
});

it.each(['payroll', 'payroll:serin-metric-x', '111122223333:function:payroll'])(
  'the function %s is not called',
  async (name) => {
    const { phase, message, aws } = await measured({ provider: calling(name) });
    expect(message).toMatch(/is no function of measurements: those are named serin-metric-/);
    expect(phase).toBe('Error');
    expect(aws).toEqual([]);
  },
);

it.each(['serin-metric-errors', '111122223333:function:serin-metric-errors:live'])(
  'the function %s is called',
  async (name) => {
    const { phase, aws } = await measured({ provider: calling(name) });
    expect(phase).toBe('Successful');
    const path = `/2015-03-31/functions/${encodeURIComponent(name)}/invocations OWN`;
    expect(aws).toEqual([path]);
  },
);

it.each([
  [{ profile: 'admin' }, /does not choose the profile admin/],
  [{ roleArn: 'arn:aws:iam::111122223333:role/admin' }, /do not act as arn:aws:iam/],
])('requests are not signed with %j', async (sigv4, said) => {
  const address = 'https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1';
  const prometheus = { address, query: 'up', authentication: { sigv4 } };
  const { phase, message, aws } = await measured({ provider: () => ({ prometheus }) });
  expect(message).toMatch(said);
  expect(phase).toBe('Error');
  expect(aws).toEqual([]);
});

it('a role that measures says itself what it may', async () => {
  const { phase, aws, collected } = await measured({
    provider: sending,
    secret: 'secretsmanager:prod/db',
    metricsRoleArn: 'arn:aws:iam::111122223333:role/serin-metrics',
  });
  expect(phase).toBe('Successful');
  expect(aws).toEqual(['AssumeRole OWN', 'GetSecretValue prod/db OFROLE']);
  expect(collected).toEqual(['pw22']);
});
