import { describe, expect, it } from 'vitest';
import { job } from '../../../lib/decide/analysisRun/providers/job.ts';
import { prometheus } from '../../../lib/decide/analysisRun/providers/prometheus.ts';
import type { Asked } from '../../../lib/decide/analysisRun/providers/provider.ts';
import { web } from '../../../lib/decide/analysisRun/providers/web.ts';
import type { Metric, PrometheusMetric, WebMetric } from '../../../lib/model/argo.generated.ts';
import type { HttpAnswer } from '../../../lib/model/httpRequest.ts';
import { type Answer, answersIn, type Read, readKey } from '../../../lib/model/reads.ts';
import { fromTime } from '../../../lib/model/units.ts';

const now = fromTime('2026-01-01T00:00:00.250Z');

function asked(provider: Metric['provider'] & object, more: Partial<Asked> = {}): Asked {
  const metadata = { name: 'run', namespace: 'shop', uid: 'u-1' };
  return {
    metric: { name: 'm', provider },
    run: { metadata },
    cluster: 'c',
    now,
    count: 0,
    ...more,
  };
}

const nothing = answersIn(new Map());

function known(...answers: [Read, Answer][]) {
  return answersIn(new Map(answers.map(([read, answer]) => [readKey(read), answer])));
}

function requestOf(provider: typeof web | typeof prometheus, question: Asked, at = nothing) {
  const read = provider.needs(question, at).at(-1)?.read;
  if (!read || !('http' in read)) throw new Error('nothing is asked');
  return read;
}

function ofPrometheus(spec: PrometheusMetric): Asked {
  return asked({ prometheus: { address: 'http://prometheus:9090/', query: 'up', ...spec } });
}

describe('a Prometheus', () => {
  it('is asked by a form, with what headers are given', () => {
    const headers = [{ key: 'X-Scope', value: 'team' }];
    const question = ofPrometheus({ query: 'sum(rate(x{a="b c"}[1m]))', headers, timeout: 5 });
    expect(requestOf(prometheus, question).http).toEqual({
      method: 'POST',
      url: 'http://prometheus:9090/api/v1/query',
      headers: [
        ['Content-Type', 'application/x-www-form-urlencoded'],
        ['X-Scope', 'team'],
      ],
      body: 'query=sum%28rate%28x%7Ba%3D%22b+c%22%7D%5B1m%5D%29%29&time=1767225600.25',
      timeoutMs: 5000,
      nonce: 'm',
    });
  });

  it('is asked for a range', () => {
    const rangeQuery = { start: 'now() - duration("1m")', end: 'now()', step: '10s' };
    const { http } = requestOf(prometheus, ofPrometheus({ rangeQuery }));
    expect(http.url).toBe('http://prometheus:9090/api/v1/query_range');
    expect(http.body).toBe('end=1767225600.25&query=up&start=1767225540.25&step=10');
    const wrong = ofPrometheus({ rangeQuery: { ...rangeQuery, step: '1x' } });
    expect(prometheus.measured(wrong, nothing)).toEqual({
      error: 'failed to parse rangeQuery.step as duration: time: unknown unit "x" in duration "1x"',
    });
  });

  it('that takes no form is asked in the address', () => {
    const question = ofPrometheus({ headers: [{ key: 'X-Scope', value: 'team' }] });
    const first = requestOf(prometheus, question);
    const refused = { status: 405, headers: {}, body: '' };
    const { http } = requestOf(prometheus, question, known([first, { ok: refused }]));
    expect(http).toMatchObject({ method: 'GET', headers: [['X-Scope', 'team']] });
    expect(http.url).toBe('http://prometheus:9090/api/v1/query?query=up&time=1767225600.25');
    expect(http).not.toHaveProperty('body');
  });

  it('of Amazon is signed for, and no other', () => {
    const authentication = { sigv4: { region: 'eu-west-1' } };
    const amazon = 'https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1';
    const authOf = (address: string) =>
      requestOf(prometheus, ofPrometheus({ address, authentication })).http.auth;
    expect(authOf(amazon)).toEqual({ sigV4: { region: 'eu-west-1' } });
    expect(authOf('http://prometheus')).toBeUndefined();
  });

  const answered = (body: object | string, status = 200) => {
    const question = ofPrometheus({});
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const ok: HttpAnswer = { status, headers: {}, body: text };
    return prometheus.measured(question, known([requestOf(prometheus, question), { ok }]));
  };
  const success = (resultType: string, result: unknown) => ({
    status: 'success',
    data: { resultType, result },
  });

  it('answers numbers as the peer prints them', () => {
    const samples = ['1e21', '1e-7', '0.1', 'NaN', '-Inf', '-0'].map((value) => ({
      value: [1, value],
    }));
    expect(answered(success('vector', samples))).toMatchObject({
      value: '[1000000000000000000000,0.0000001,0.1,NaN,-Inf,-0]',
      result: [1e21, 1e-7, 0.1, Number.NaN, Number.NEGATIVE_INFINITY, -0],
    });
    expect(answered(success('scalar', [1, '3']))).toMatchObject({ value: '3', result: 3 });
    expect(answered(success('vector', []))).toMatchObject({ value: '[]', result: [] });
  });

  it.each<[string, object | string, number, string]>([
    ['no JSON', '<html>', 200, 'bad_response: the answer is no JSON of Prometheus'],
    ['a server that fails', '', 503, 'server_error: server error: 503'],
    ['who may not ask', '', 401, 'client_error: client error: 401'],
    [
      'a query that fails',
      { status: 'error', errorType: 'bad_data', error: 'x' },
      400,
      'bad_data: x',
    ],
    [
      'an error that is called a success',
      { status: 'error', errorType: 'timeout', error: 'x' },
      200,
      'bad_response: inconsistent body for response code',
    ],
    [
      'a sample that is none',
      success('vector', [{ value: [1, 2] }]),
      200,
      'bad_response: a sample is malformed',
    ],
  ])('answers %s', (_, body, status, error) => {
    expect(answered(body, status)).toEqual({ error });
  });
});

describe('a web server', () => {
  const ofWeb = (spec: Partial<WebMetric>) => asked({ web: { url: 'http://m/x', ...spec } });

  it('is asked with a token where credentials are given, and not with half of them', () => {
    const oauth2 = { tokenUrl: 'http://id/token', clientId: 'a', clientSecret: 'b', scopes: ['r'] };
    const { http } = requestOf(web, ofWeb({ authentication: { oauth2 } }));
    expect(http.auth).toEqual({ oauth2 });
    const { clientSecret: _, ...half } = oauth2;
    expect(web.measured(ofWeb({ authentication: { oauth2: half } }), nothing)).toEqual({
      error: 'missing mandatory parameter in metric for OAuth2 setup',
    });
  });

  it('answers more elements than fit onto a stack', () => {
    const question = ofWeb({ jsonPath: '{.items[*]}' });
    const body = `{"items":[${Array.from({ length: 200_000 }, (_, at) => at % 10)}]}`;
    const answers = known([requestOf(web, question), { ok: { status: 200, headers: {}, body } }]);
    expect(web.measured(question, answers)).toEqual({ value: '0', result: 0 });
  });

  it('is not asked where the address is none', () => {
    const errorOf = (url: string) => web.measured(ofWeb({ url }), nothing);
    expect(errorOf('x/y')).toEqual({ error: 'Get "x/y": unsupported protocol scheme ""' });
    expect(errorOf('ftp://m/x')).toEqual({
      error: 'Get "ftp://m/x": unsupported protocol scheme "ftp"',
    });
    expect(errorOf('http:///x')).toEqual({
      error: 'Get "http:///x": http: no Host in request URL',
    });
  });
});

describe('a Job', () => {
  it('has a name of at most 63 characters, and the number of the measurement', () => {
    const uid = 'd7082954-6c7f-48f4-a54d-24f7393bc292';
    const question = asked({ job: { spec: {} } }, { count: 11 });
    question.run = { metadata: { name: 'run', namespace: 'shop', uid } };
    question.metric.name = 'a-very-long-name-of-a-metric-that-does-not-fit-into-a-label';
    const [need] = job.needs(question, nothing);
    const name = need && 'dryRun' in need.read ? need.read.dryRun.metadata?.name : '';
    expect(name).toBe(`${uid}.a-very-long-name-of-a-m.12`);
    expect(name).toHaveLength(63);
  });

  it('of the name that is of another run is left alone', () => {
    const question = asked({ job: { spec: {} } });
    const [need] = job.needs(question, nothing);
    if (!need) throw new Error('nothing is asked');
    const taken = { metadata: { name: 'u-1.m.1', ownerReferences: [] } };
    expect(job.measured(question, known([need.read, { ok: { taken } }]))).toEqual({
      error: 'jobs.batch "u-1.m.1" already exists',
    });
  });
});
