import { describe, expect, it } from 'vitest';
import { MissingRight, NotFound, Terminal, Transient } from '../../lib/errors.ts';
import { secretOf, viaOf } from '../../lib/model/httpRequest.ts';
import type { HttpRead, SecretRead } from '../../lib/model/reads.ts';
import { asking } from '../../lib/observe/ask.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedCluster } from '../../lib/simulate/cluster.ts';
import type { Http, Secrets } from '../../lib/world.ts';
import { noOthers } from '../noAws.ts';

const url = 'http://metrics.example.com/';
const requestOf = (nonce: string): HttpRead => ({
  http: { method: 'GET', url, headers: [], timeoutMs: 1000, nonce },
  via: 'internet',
});

function scene({ http, secrets }: { http?: Http; secrets?: Secrets } = {}) {
  const sim = simulatedCluster({ clock: virtualClock(0), seed: 1 });
  const data = { token: Buffer.from('abc').toString('base64') };
  sim.apply('Secret', { metadata: { namespace: 'shop', name: 'metrics' }, data });
  return asking({
    ...{ cluster: sim.cluster, ...noOthers, endsAt: 50_000 },
    ...(http && { http: async () => http }),
    ...(secrets && { secrets: async () => secrets }),
  });
}

describe('a request to a metric server', () => {
  it('is made once for each measurement, and told when the process ends', async () => {
    const asked: [string, number][] = [];
    const { ask, answers } = scene({
      http: async ({ http }, endsAt) => {
        asked.push([http.nonce, endsAt]);
        return { status: 200, headers: {}, body: http.nonce };
      },
    });
    const needs = ['a', 'b', 'a'].map((nonce) => ({
      ...{ read: requestOf(nonce), bears: 'lasting' as const },
    }));
    await ask(needs);
    expect(asked).toEqual([
      ['a', 50_000],
      ['b', 50_000],
    ]);
    expect(answers.http(requestOf('b'))).toEqual({ ok: { status: 200, headers: {}, body: 'b' } });
  });

  it('that nobody answers is an answer, and one that there was no time for ends the turn', async () => {
    const { ask, answers } = scene({
      http: async ({ http }) => {
        throw http.nonce === 'a' ? new Terminal('refused') : new Transient('no time');
      },
    });
    await ask([{ read: requestOf('a'), bears: 'lasting' }]);
    expect(answers.http(requestOf('a'))).toEqual({ failed: 'refused', passing: false });
    const late = ask([{ read: requestOf('b'), bears: 'lasting' }]);
    await expect(late).rejects.toThrow(new Transient('no time'));
  });
});

describe('a secret', () => {
  const inCluster = (name: string, key: string): SecretRead => ({
    secret: { namespace: 'shop', name, key },
  });

  it('of the cluster is read by its key', async () => {
    const { ask, answers } = scene();
    const reads = [
      inCluster('metrics', 'token'),
      inCluster('metrics', 'user'),
      inCluster('gone', 'token'),
    ];
    await ask(reads.map((read) => ({ read, bears: 'lasting' })));
    expect(reads.map((read) => answers.secret(read))).toEqual([
      { ok: 'abc' },
      { failed: "key 'user' does not exist in secret 'metrics'", passing: false },
      { missing: true },
    ]);
  });

  it('that may not be read says what to do', async () => {
    const sim = simulatedCluster({ clock: virtualClock(0), seed: 1 });
    const get = async () => {
      throw new MissingRight('get secrets: 403', 'add a rule');
    };
    const { ask, answers } = asking({ ...noOthers, cluster: { ...sim.cluster, get } });
    const read = inCluster('metrics', 'token');
    await ask([{ read, bears: 'lasting' }]);
    const remedy = "add shop/metrics to the chart's value metrics.secrets";
    expect(answers.secret(read)).toEqual({
      ...{ failed: `secret shop/metrics may not be read: ${remedy}`, passing: false, remedy },
    });
  });

  it('of AWS is asked of AWS', async () => {
    const { ask, answers } = scene({
      secrets: async (ref) => {
        if ('ssm' in ref) return `value of ${ref.ssm}`;
        throw new NotFound('no such secret');
      },
    });
    const reads: SecretRead[] = [
      { secret: { ssm: '/serin/token' } },
      { secret: { secretsManager: 'x' } },
    ];
    await ask(reads.map((read) => ({ read, bears: 'lasting' })));
    expect(reads.map((read) => answers.secret(read))).toEqual([
      { ok: 'value of /serin/token' },
      { missing: true },
    ]);
  });
});

describe('a reference to a secret', () => {
  it('is of the cluster, or of AWS where its name says so', () => {
    const of = (name: string, key: string) => secretOf('shop', { name, key });
    expect(of('ssm', 'token')).toEqual({ namespace: 'shop', name: 'ssm', key: 'token' });
    expect(of('ssm:/serin/metrics/x', 'any')).toEqual({ ssm: '/serin/metrics/x' });
    expect(of('secretsmanager:serin/x', 'a')).toEqual({ secretsManager: 'serin/x', key: 'a' });
    expect(of('secretsmanager:arn:aws:x', '')).toEqual({ secretsManager: 'arn:aws:x' });
  });
});

describe('an address', () => {
  it('of a Service goes through the API server, any other over the network', () => {
    const service = (name: string, port: string, scheme: 'http' | 'https' = 'http') => ({
      service: { namespace: 'monitoring', name, port, scheme },
    });
    const ways = [
      ['http://prometheus.monitoring.svc:9090', service('prometheus', '9090')],
      ['http://prometheus.monitoring.svc.cluster.local./x?y', service('prometheus', '80')],
      ['HTTPS://me:pw@Prometheus.monitoring.svc', service('prometheus', '443', 'https')],
      ['http://prometheus.monitoring', 'internet'],
      ['http://a.prometheus.monitoring.svc', 'internet'],
      ['http://example.com/http://prometheus.monitoring.svc:9090', 'internet'],
      ['http://prometheus.monitoring.svc@example.com', 'internet'],
      ['http://prometheus.monitoring.svc.example.com', 'internet'],
      ['http://example.com?@prometheus.monitoring.svc', 'internet'],
      ['', 'internet'],
    ] as const;
    for (const [address, via] of ways) expect([address, viaOf(address)]).toEqual([address, via]);
  });
});
