import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bodyBytesMax } from '../../lib/api/body.ts';
import { startEmbedded } from '../../server/embedded.ts';
import { type ApiHandler, localGateway } from '../../server/gateway.ts';

async function gateway(handler: ApiHandler) {
  const logged: string[] = [];
  const server = localGateway(handler, (_level, message) => logged.push(message));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, logged };
}

async function ask(port: number, path: string, method = 'GET', body?: string) {
  const asked = request({ host: '127.0.0.1', port, path, method, headers: { 'x-a': 'b' } });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  // An answer may come before all of the body is sent.
  asked.on('error', () => {});
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

describe('the local gateway', () => {
  it('speaks as API Gateway does', async () => {
    const events: APIGatewayProxyEventV2[] = [];
    const { port } = await gateway(async (event) => {
      events.push(event);
      return { statusCode: 201, headers: { etag: '"1"' }, body: 'ü' };
    });
    const answer = await ask(port, '/v1/a%2Fb?c=d&e=%20', 'POST', '{"ü":1}');
    expect(answer).toMatchObject({ status: 201, body: 'ü' });
    expect(answer.headers.etag).toBe('"1"');
    const [event] = events;
    expect(event).toMatchObject({
      version: '2.0',
      rawPath: '/v1/a%2Fb',
      rawQueryString: 'c=d&e=%20',
      headers: { 'x-a': 'b' },
      requestContext: { http: { method: 'POST', path: '/v1/a%2Fb' } },
      isBase64Encoded: true,
    });
    expect(Buffer.from(event?.body ?? '', 'base64').toString()).toBe('{"ü":1}');
    expect(await ask(port, '/', 'HEAD')).toMatchObject({ status: 201, body: '' });
  });

  it('reads no more of a body than the API needs to refuse it', async () => {
    const sizes: number[] = [];
    const { port } = await gateway(async ({ body = '' }) => {
      sizes.push(Buffer.from(body, 'base64').byteLength);
      return { statusCode: 413 };
    });
    const answer = await ask(port, '/', 'POST', 'x'.repeat(64 * 1024 * 1024));
    expect(answer).toMatchObject({ status: 413, headers: { connection: 'close' } });
    expect(sizes).toEqual([bodyBytesMax + 1]);
  });

  it('hands on nothing that is no path', async () => {
    const { port } = await gateway(async () => {
      throw new Error('the handler is not to be asked');
    });
    expect((await ask(port, 'http://elsewhere/')).status).toBe(400);
  });

  it('takes a caller who goes away for no fault of its own', async () => {
    const { port, logged } = await gateway(async () => ({ statusCode: 200 }));
    const asked = request({ host: '127.0.0.1', port, method: 'POST', path: '/' });
    asked.on('error', () => {});
    asked.setHeader('content-length', '10');
    asked.write('half');
    await new Promise((resolve) => setTimeout(resolve, 50));
    asked.destroy();
    await expect.poll(() => logged).toEqual(['a caller went away in mid-request']);
  });

  it.each([
    ['nothing', ''],
    ['half a head', 'GET / HTTP/1.1\r\nx-a'],
    ['half a body', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf'],
  ])('lets others in beside 400 who have sent %s', async (_name, words) => {
    const { port } = await gateway(async () => ({ statusCode: 200 }));
    const callers = Array.from({ length: 400 }, () => connect(port, '127.0.0.1'));
    onTestFinished(() => {
      for (const caller of callers) caller.destroy();
    });
    for (const caller of callers) caller.on('error', () => {});
    await Promise.all(callers.map((caller) => once(caller, 'connect')));
    for (const caller of callers) caller.write(words);
    const began = performance.now();
    for (let count = 0; count < 3; count += 1) {
      expect((await ask(port, '/', 'POST', 'whole')).status).toBe(200);
    }
    // Long before any of them has had its time.
    expect(performance.now() - began).toBeLessThan(5000);
    const left = callers.filter(({ destroyed }) => !destroyed);
    expect(left.length).toBeLessThanOrEqual(256);
  });

  it('tells nothing of what went wrong inside', async () => {
    const { port, logged } = await gateway(async () => {
      throw new Error('secret');
    });
    expect(await ask(port, '/')).toMatchObject({ status: 500, body: '' });
    expect(logged).toEqual(['the local server failed']);
  });
});

describe('the embedded server', () => {
  it('answers nobody without its token, nor under another name', async () => {
    const embedded = await startEmbedded({ speed: 1, port: 0, log: () => {} });
    onTestFinished(embedded.close);
    const rollouts = `${embedded.server}/v1/clusters/local/namespaces/default/rollouts`;
    const status = async (url: string, init: RequestInit = {}) => (await fetch(url, init)).status;
    const headers = { authorization: `Bearer ${embedded.token}` };
    expect(await status(rollouts)).toBe(401);
    expect(await status(`${embedded.server}/v1/`)).toBe(401);
    expect(await status(`${rollouts}/a/promote`, { method: 'POST' })).toBe(401);
    expect(await status(rollouts, { headers: { authorization: 'Bearer x' } })).toBe(401);
    expect(await status(rollouts, { headers })).toBe(200);
    const other = request(rollouts, { headers: { ...headers, host: 'evil.example' } }).end();
    const [response] = (await once(other, 'response')) as [import('node:http').IncomingMessage];
    expect(response.statusCode).toBe(421);
    response.resume();
  });
});
