import { describe, expect, it } from 'vitest';
import { MissingRight, Terminal } from '../../lib/errors.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import { functionHttp } from '../../lib/measure/functionHttp.ts';
import { type HttpRequest, viaOf } from '../../lib/model/httpRequest.ts';
import { type Came, server } from './stage.ts';

// A metric server inside of a cluster, as a function reaches it.

type Answer = {
  status?: number;
  type?: string;
  headers?: Record<string, string>;
  body: string;
};

/** What the API server says by itself. */
const status = (code: number, message: string) => ({
  ...{ status: code, type: 'application/json' },
  body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', message, code }),
});

async function scene(answer: (came: Came) => Answer = () => ({ body: '{"up":1}' })) {
  const api = await server((came, response) => {
    const { status = 200, type = 'application/json', headers, body } = answer(came);
    response.writeHead(status, { 'Content-Type': type, ...headers }).end(body);
  });
  const tokens = ['old', 'new'];
  const signIns: boolean[] = [];
  const cluster = kubernetesCluster({
    signIn: async ({ fresh }) => {
      signIns.push(fresh);
      if (fresh) tokens.shift();
      return { server: api.url, token: tokens[0] ?? '' };
    },
    doorbell: false,
  });
  const http = functionHttp({
    ...{ name: 'prod', cluster, hosts: [], account: { region: 'eu-central-1' } },
    services: ['monitoring/prometheus:9090', 'monitoring/tls:443'],
    userAgent: 'serin/test',
  });
  const ask = async (url: string, request: Partial<HttpRequest> = {}) => {
    const whole = { method: 'GET', url, headers: [], timeoutMs: 1000, nonce: '1', ...request };
    return await http({ http: whole, via: viaOf(url) }, Number.POSITIVE_INFINITY);
  };
  return { ask, came: api.came, signIns };
}

const prometheus = 'http://prometheus.monitoring.svc:9090';

describe('a Service that the cluster’s entry names', () => {
  it('is asked through the API server, with its token', async () => {
    const { ask, came } = await scene();
    const headers = [['Content-Type', 'application/x-www-form-urlencoded']] as const;
    const answer = await ask(`${prometheus}/api/v1/query?x=%2F`, {
      ...{ method: 'POST', headers, body: 'query=up' },
    });
    expect(answer).toMatchObject({ status: 200, body: '{"up":1}' });
    await ask('https://tls.monitoring.svc.cluster.local');
    const at = '/api/v1/namespaces/monitoring/services';
    expect(
      came.map(({ line, headers: { Authorization }, body }) => [line, Authorization, body]),
    ).toEqual([
      [`POST ${at}/prometheus:9090/proxy/api/v1/query?x=%2F`, 'Bearer old', 'query=up'],
      [`GET ${at}/https:tls:443/proxy/`, 'Bearer old', ''],
    ]);
    expect(came[0]?.headers['Content-Type']).toBe('application/x-www-form-urlencoded');
  });

  it('is asked again with a new token where the API server does not take the old one', async () => {
    const { ask, came } = await scene(({ headers: { Authorization } }) =>
      Authorization === 'Bearer old' ? status(401, 'Unauthorized') : { body: 'ok' },
    );
    const answer = await ask(prometheus, { method: 'POST', body: 'query=up' });
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    expect(came).toHaveLength(2);
  });

  it.each<[string, Answer]>([
    ['in words of its own', { status: 401, body: '{"error":"who are you?"}' }],
    [
      'in those of the API server',
      {
        ...status(401, 'Unauthorized'),
        headers: { 'X-Kubernetes-Pf-Flowschema-Uid': 'b7c2' },
      },
    ],
  ])('is asked once where it answers 401 %s, and nobody signs in anew', async (_, answer) => {
    const { ask, came, signIns } = await scene(() => answer);
    await ask(prometheus, { method: 'POST', body: 'query=up' }).catch(() => {});
    expect(came.map(({ line }) => line)).toHaveLength(1);
    expect(signIns).toEqual([false]);
  });

  it('answers with errors of its own, and the API server with what is missing', async () => {
    const own = await scene(() => ({ status: 503, body: '{"status":"error"}' }));
    await expect(own.ask(prometheus)).resolves.toMatchObject({ status: 503 });
    const closed = await scene(() => status(503, 'no endpoints available for service "x"'));
    await expect(closed.ask(prometheus)).rejects.toThrow(
      new Terminal(
        `Get "${prometheus}/": monitoring/prometheus:9090 through the API server: ` +
          '503 no endpoints available for service "x"',
      ),
    );
    const cannot = 'User "serin" cannot get resource "services/proxy"';
    const forbidden = await scene(() => status(403, cannot));
    const refused = await forbidden.ask(prometheus).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(MissingRight);
    expect(refused).toHaveProperty(
      'remedy',
      "add monitoring/prometheus:9090 to the chart's value metrics.services",
    );
  });

  it.each([
    'Impersonate-User',
    'impersonate-extra-scopes',
    'Impersonate_Group',
    'X-Remote-User',
    'Cookie',
    'Proxy-Authorization',
    'X-Forwarded-For',
  ])('is not asked with the header %s, on which the API server acts', async (name) => {
    const { ask, came } = await scene();
    const asked = ask(prometheus, { headers: [[name, 'system:admin']] });
    await expect(asked).rejects.toThrow(/hands no [\w-]+ header on: use a server that needs none/);
    expect(came).toEqual([]);
  });

  it('is asked with any other header, and as the host that it is', async () => {
    const { ask, came } = await scene();
    await ask(prometheus, {
      headers: [
        ['X-Scope-OrgID', 'shop'],
        ['Host', 'elsewhere'],
      ],
    });
    expect(came[0]?.headers).toMatchObject({ 'X-Scope-OrgID': 'shop' });
    expect(came[0]?.headers.Host).toMatch(/^127\.0\.0\.1:/);
  });

  it('is not asked for what would get lost, go astray or come back elsewhere', async () => {
    const { ask, came } = await scene(() => ({ status: 302, body: '' }));
    const headers = [['authorization', 'Bearer x']] as const;
    await expect(ask(prometheus, { headers })).rejects.toThrow('hands no Authorization header on');
    const climbing = ask(`${prometheus}/..%2f..%2f..%2fsecrets`);
    await expect(climbing).rejects.toThrow('climbs out of its folder');
    expect(came).toEqual([]);
  });
});

describe('any other Service', () => {
  it('is refused, and both ways to it are told', async () => {
    const { ask, came } = await scene();
    const other = ask('http://grafana.monitoring.svc:3000/');
    await expect(other).rejects.toThrow(
      /monitoring\/grafana:3000 is inside .*--metrics monitoring\/grafana:3000.*over the network/,
    );
    await expect(ask('http://prometheus.monitoring.svc/')).rejects.toThrow(
      'monitoring/prometheus:80',
    );
    await expect(ask('http://10.0.0.1:9090/')).rejects.toThrow(
      /10\.0\.0\.1 is an address in a private network: name its host in metrics\.hosts .*--metrics/,
    );
    expect(came).toEqual([]);
  });
});
