import { describe, expect, it, onTestFinished } from 'vitest';
import { fromTime } from '../../lib/model/units.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import { consumer } from '../../server/consumer.ts';
import { serveApi } from '../../server/server.ts';
import { serin } from './support.ts';

/** A server of Serin's with a simulated cluster, as `serin dev` is one. */
async function served() {
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z'));
  const simulated = simulatedWorld({ clock, seed: 1 });
  simulated.connect(consumer);
  const api = await serveApi(simulated.world, { port: 0, log: () => {} });
  onTestFinished(api.close);
  const { cluster, metrics } = simulated;
  const env = { SERIN_SERVER: api.server, SERIN_TOKEN: api.token, SERIN_CLUSTER: 'local' };
  const pass = (ms: number) => clock.run({ until: clock.now() + ms, eventsMax: 10_000 });
  const template = (name: string, spec: object) =>
    cluster.apply('AnalysisTemplate', { metadata: { namespace: 'shop', name }, spec } as never);
  const remote = (...args: string[]) =>
    serin(['analysis', 'try', ...args, '--remote', '-n', 'shop'], env);
  const get = (...args: string[]) => serin(['get', 'analysis', ...args, '-n', 'shop'], env);
  return { ...{ api, cluster, metrics, env, pass, template, remote, get } };
}

const rate = {
  name: 'rate',
  successCondition: 'result >= {{args.min}}',
  provider: { web: { url: 'http://metrics/{{args.team}}/value/0.91' } },
};
const args = [{ name: 'team' }, { name: 'min', value: '0.95' }];

describe('analysis try --remote', () => {
  it('has the server measure a template of the cluster, once', async () => {
    const { template, remote, metrics } = await served();
    template('check', { args, metrics: [{ ...rate, initialDelay: '1h', interval: '5m' }] });
    const { code, out, err } = await remote('check', '--arg', 'team=web');
    expect(err).toBe('');
    expect(out).toBe(`\
rate (web)
  asked: GET http://metrics/web/value/0.91
  answer: 200
  result: 0.91
  successCondition result >= 0.95: does not hold
  ✖ Failed
`);
    expect(code).toBe(1);
    expect(metrics.asked).toHaveLength(1);
    const given = ['--arg', 'team=web', '--arg', 'min=0.9'];
    const sound = await remote('check', ...given, '-o', 'json');
    expect(JSON.parse(sound.out).items).toMatchObject([{ metric: 'rate', phase: 'Successful' }]);
    expect(sound.code).toBe(0);
  });

  it('shows no secret, and neither headers nor the raw answer', async () => {
    const { cluster, template, remote, api } = await served();
    const metadata = { namespace: 'shop', name: 'shop' };
    cluster.apply('Secret', { metadata, data: { token: btoa('hunter22') } });
    const secret = { name: 'token', valueFrom: { secretKeyRef: { name: 'shop', key: 'token' } } };
    const headers = [{ key: 'Authorization', value: 'Bearer {{args.token}}' }];
    const web = { url: 'http://metrics/t/echo?key={{args.token}}', headers, jsonPath: '{$.path}' };
    template('echo', { args: [secret], metrics: [{ name: 'echo', provider: { web } }] });
    const path = '/v1/clusters/local/namespaces/shop/analysistemplates/echo/try';
    const raw = await fetch(`${api.server}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.token}` },
    });
    const text = await raw.text();
    expect(raw.status).toBe(200);
    expect(text).toContain('key=*****');
    expect(text).not.toMatch(/hunter22|aHVudGVyMjI|Authorization|"body"/i);
    expect((await remote('echo')).out).not.toContain('hunter22');
  });

  it('creates no Job, and says what keeps it from measuring', async () => {
    const { template, remote, cluster } = await served();
    const job = { spec: { template: { spec: { containers: [], restartPolicy: 'Never' } } } };
    template('probe', { metrics: [{ name: 'probe', provider: { job } }] });
    expect((await remote('probe')).out).toMatch(/\? Inconclusive: a Job is not created here/);
    expect(cluster.read.list('Job', 'shop')).toEqual([]);
    expect((await remote('nowhere')).err).toMatch(/AnalysisTemplate nowhere, which does not exist/);
    template('check', { args, metrics: [rate] });
    const { code, err } = await remote('check');
    expect(err).toMatch(/Nothing was measured: .*the argument team/);
    expect(code).toBe(1);
  });

  it('takes no file and no kubeconfig', async () => {
    const { remote } = await served();
    expect((await remote('package.json')).err).toMatch(/the template is one of the cluster/);
    const { err } = await remote('check', '--kubeconfig', 'k');
    expect(err).toMatch(/--kubeconfig and --context are for a trial from here/);
  });

  it('refuses a body that makes no sense', async () => {
    const { api } = await served();
    const post = async (body: string) => {
      const path = '/v1/clusters/local/namespaces/shop/analysistemplates/check/try';
      const headers = {
        authorization: `Bearer ${api.token}`,
        'content-type': 'application/json',
      };
      const told = await fetch(`${api.server}${path}`, { method: 'POST', headers, body });
      return { status: told.status, ...(await told.json()) };
    };
    expect(await post('{')).toMatchObject({ status: 400 });
    const odd = await post('{"arg": {}}');
    expect(odd).toMatchObject({
      status: 422,
      detail: expect.stringContaining('did you mean args?'),
    });
    expect(await post('{"args": {"a": 1}}')).toMatchObject({ status: 422 });
  });
});

describe('get analysis of runs that no rollout owns', () => {
  it('lists them, and shows what one has measured', async () => {
    const { cluster, pass, get } = await served();
    const metric = { name: 'm', successCondition: 'result > 1', interval: '10s', failureLimit: 2 };
    const provider = { web: { url: 'http://metrics/t/seq/2,1,3' } };
    cluster.apply('AnalysisRun', {
      metadata: { namespace: 'shop', name: 'by-hand' },
      spec: { metrics: [{ ...metric, provider }] },
    });
    await pass(25_000);
    const { out } = await get();
    expect(out.replaceAll(/ +/g, ' ')).toMatch(
      /^NAME ROLLOUT REVISION TYPE STATUS GOOD FAILED AGE\nby-hand ◌ Running 2 1 \w+\n$/,
    );
    const { code, out: one } = await get('by-hand');
    expect(one).toMatch(/^Name: {12}by-hand\nStatus: {10}◌ Running\nAge: /);
    expect(one).not.toMatch(/Rollout:|Type:/);
    expect(one).toMatch(/m {2}◌ Running\n {2}needs result > 1\n.*✔ 2 .*\n.*✖ 1 .*\n.*✔ 3 /);
    expect(code).toBe(0);
    const { measurements } = JSON.parse((await get('by-hand', '-o', 'json')).out).metrics[0];
    expect(measurements).toHaveLength(3);
  });

  it('names the Experiment that owns one', async () => {
    const { cluster, pass, template, get } = await served();
    template('check', {
      metrics: [{ ...rate, provider: { web: { url: 'http://metrics/t/value/1' } } }],
      args,
    });
    const labels = { app: 'a' };
    cluster.apply('Experiment', {
      metadata: { namespace: 'shop', name: 'trial' },
      spec: {
        templates: [
          {
            name: 'one',
            selector: { matchLabels: labels },
            template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a:1' }] } },
          },
        ],
        analyses: [{ name: 'check', templateName: 'check', args: [{ name: 'team', value: 'a' }] }],
      },
    });
    await pass(30_000);
    expect((await get()).out.replaceAll(/ +/g, ' ')).toMatch(
      /\ntrial-check Experiment\/trial ✔ Successful 1 0 \w+\n$/,
    );
    expect((await get('trial-check')).out).toMatch(/\nOwner: {11}Experiment\/trial\n/);
  });

  it('says that there is none of a name', async () => {
    const { get } = await served();
    const { code, err } = await get('nowhere');
    expect(err).toMatch(/there is no analysis run nowhere in namespace shop/);
    expect(code).toBe(3);
  });
});
