import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kubeconfigFor, type Seen, serin, stubServer, temporaryFolder } from './support.ts';

const apiVersion = 'argoproj.io/v1alpha1';

function fileOf(spec: object, ...more: object[]): string {
  const file = join(temporaryFolder(), 'template.yaml');
  const template = { apiVersion, kind: 'AnalysisTemplate', metadata: { name: 'check' }, spec };
  writeFileSync(file, [template, ...more].map((each) => JSON.stringify(each)).join('\n---\n'));
  return file;
}

const vector = (...values: string[]) => ({
  status: 'success',
  data: {
    resultType: 'vector',
    result: values.map((value) => ({ metric: {}, value: [1, value] })),
  },
});

/** A server of metrics; what it is asked first is answered first. */
async function metrics(answer: (seen: Seen) => object | string) {
  const { seen, env } = await stubServer((one) => ({ status: 200, body: answer(one) }));
  return { seen, address: env.SERIN_SERVER };
}

const rate = (address: string) => ({
  name: 'success-rate',
  successCondition: 'result[0] >= {{args.min}}',
  failureCondition: 'result[0] < 0.5',
  provider: { prometheus: { address, query: 'rate{service="{{args.service}}"}' } },
});
const args = [{ name: 'service' }, { name: 'min', value: '0.95' }];

describe('analysis try', () => {
  it('measures once, and says what was asked, answered, and made of it', async () => {
    const { address, seen } = await metrics(() => vector('0.91'));
    const file = fileOf({
      args,
      metrics: [{ ...rate(address), initialDelay: '1h', interval: '5m' }],
    });
    const { code, out } = await serin(['analysis', 'try', file, '--arg', 'service=web']);
    expect(out.replace(/time=[\d.]+/, 'time=NOW')).toBe(`\
success-rate (prometheus)
  asked: POST ${address}/api/v1/query query=rate%7Bservice%3D%22web%22%7D&time=NOW
  answer: 200 ${JSON.stringify(vector('0.91'))}
  result: [0.91]
  successCondition result[0] >= 0.95: does not hold
  failureCondition result[0] < 0.5: does not hold
  ? Inconclusive
`);
    expect(code).toBe(1);
    expect(seen).toHaveLength(1);
  });

  it('gives scripts the same, and is content where every metric is', async () => {
    const { address } = await metrics(() => vector('0.97'));
    const file = fileOf({ args, metrics: [rate(address)] });
    const given = ['--arg', 'service=web', '--arg', 'min=0.9'];
    const { code, out } = await serin(['analysis', 'try', file, ...given, '-o', 'json']);
    expect(JSON.parse(out).items).toMatchObject([
      {
        ...{ metric: 'success-rate', provider: 'prometheus', value: '[0.97]', phase: 'Successful' },
        asked: [{ status: 200, body: JSON.stringify(vector('0.97')) }],
        conditions: [
          { kind: 'successCondition', condition: 'result[0] >= 0.9', holds: true },
          { kind: 'failureCondition', condition: 'result[0] < 0.5', holds: false },
        ],
      },
    ]);
    expect(code).toBe(0);
  });

  it('says why nothing could be measured, and why a condition cannot be evaluated', async () => {
    const { address } = await metrics(() => vector());
    const provider = { web: { url: 'http://127.0.0.1:1/' } };
    const file = fileOf({ args, metrics: [rate(address), { name: 'gone', provider }] });
    const { out } = await serin(['analysis', 'try', file, '--arg', 'service=web']);
    expect(out).toMatch(/^ {2}result: \[\]$/m);
    expect(out).toMatch(/^ {2}successCondition result\[0\] >= 0\.95: error: .*out of range/m);
    expect(out).toMatch(/^ {2}⚠ Error: could not evaluate successCondition .*no data returned/m);
    expect(out).toMatch(
      /^gone \(web\)\n {2}asked: GET http:\/\/127.0.0.1:1\/\n {2}no answer: .*refused$/m,
    );
    const one = await serin(['analysis', 'try', file, '--arg', 'service=web', '--metric', 'gone']);
    expect(one.out).toMatch(/^gone /);
  });

  it('takes a template, what it names, and Secrets from the cluster, and shows no secret', async () => {
    const { address, seen } = await metrics(({ headers }) => ({ token: headers.authorization }));
    const headers = [{ key: 'Authorization', value: 'Bearer {{args.token}}' }];
    const web = { web: { url: `${address}/?key={{args.token}}`, headers } };
    const secret = { name: 'token', valueFrom: { secretKeyRef: { name: 'shop', key: 'token' } } };
    const inner = { args: [secret], metrics: [{ name: 'ok', provider: web }] };
    const objects: Record<string, object> = {
      '/clusteranalysistemplates/outer': {
        spec: { templates: [{ templateName: 'inner' }], args: [secret] },
      },
      '/namespaces/shop/analysistemplates/inner': { spec: inner },
      '/namespaces/shop/secrets/shop': { data: { token: btoa('hunter22') } },
    };
    const methods = new Set<string>();
    const api = await stubServer(({ method, url }) => {
      methods.add(method);
      const [path = ''] = url.split('?');
      const found = Object.entries(objects).find(([end]) => path.endsWith(end))?.[1];
      const name = path.split('/').at(-1);
      return found
        ? { status: 200, body: { apiVersion, metadata: { name, namespace: 'shop' }, ...found } }
        : { status: 404, body: { kind: 'Status', code: 404, message: `${path} not found` } };
    });
    const cluster = ['--kubeconfig', kubeconfigFor(api.env.SERIN_SERVER), '-n', 'shop'];
    const tried = await serin(['analysis', 'try', 'outer', '--cluster-scoped', ...cluster]);
    expect(tried.err).toBe('');
    expect(tried.out).toContain(`asked: GET ${address}/?key=*****`);
    expect(tried.out).toContain('answer: 200 {"token":"Bearer *****"}');
    expect(tried.out).not.toContain('hunter22');
    expect(seen[0]?.headers.authorization).toBe('Bearer hunter22');
    expect([...methods]).toEqual(['GET']);
    const missing = await serin(['analysis', 'try', 'other', ...cluster]);
    expect(missing.err).toMatch(/AnalysisTemplate other, which does not exist/);
  });

  it('creates no Job', async () => {
    const job = { spec: { template: { spec: { containers: [], restartPolicy: 'Never' } } } };
    const file = fileOf({ metrics: [{ name: 'probe', provider: { job } }] });
    const { code, out } = await serin(['analysis', 'try', file]);
    expect(out).toBe(
      'probe (job)\n  ? Inconclusive: a Job is not created here, so nothing was measured\n',
    );
    expect(code).toBe(1);
  });

  it.each<[string, object, string[], RegExp]>([
    [
      'an argument that nobody gives',
      { args, metrics: [] },
      [],
      /ask for the argument service; give it with --arg/,
    ],
    ['no metrics', { metrics: [] }, [], /without a metric: check/],
    [
      'a metric that is not there',
      { metrics: [{ name: 'a', provider: { job: { spec: {} } } }] },
      ['--metric', 'b'],
      /no metric b/,
    ],
    ['a field of a wrong type', { metrics: 'none' }, [], /template\.yaml:1: spec\.metrics must be/],
    [
      'an argument without a value',
      { metrics: [] },
      ['--arg', 'service'],
      /Write it like service=web/,
    ],
    [
      'a Secret without a cluster',
      {
        args: [{ name: 'a', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }],
        metrics: [{ name: 'a', provider: { web: { url: 'http://127.0.0.1:1/{{args.a}}' } } }],
      },
      [],
      /no cluster to ask: name its kubeconfig/,
    ],
  ])('refuses %s', async (_, spec, more, message) => {
    const { code, out, err } = await serin(['analysis', 'try', fileOf(spec), ...more]);
    expect(out + err).toMatch(message);
    expect(code).toBeGreaterThan(0);
  });

  it('says what to do without a file', async () => {
    const { code, err } = await serin(['analysis', 'try', 'nowhere.yaml']);
    expect(err).toMatch(/there is no file nowhere\.yaml\n.*--kubeconfig FILE/);
    expect(code).toBe(3);
  });
});
