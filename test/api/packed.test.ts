import { gunzipSync } from 'node:zlib';
import type { Context } from 'aws-lambda';
import { expect, it } from 'vitest';
import { apiHandler } from '../../functions/api.ts';
import { localGateway } from '../../server/gateway.ts';
import { key, makeApi, makeEvent, makeRecord, makeView, path, token } from './support.ts';

/** An API whose list is some 40 kB, and what its handler answers. */
async function listed() {
  const { deps, memory } = await makeApi();
  for (let each = 0; each < 100; each += 1) {
    const its = { ...key, name: `service-${each}` };
    await memory.save(makeRecord({ key: its, view: { ...makeView(), ...its } }));
  }
  const handler = apiHandler(deps);
  const get = (target: string, headers: Record<string, string> = {}) => {
    const all = { authorization: `Bearer ${token}`, ...headers };
    return handler(makeEvent('GET', target, { headers: all }), {} as Context);
  };
  return { get, handler };
}

it('a long answer is packed for who takes that', async () => {
  const { get } = await listed();
  const plain = await get('/v1/rollouts');
  expect(plain.isBase64Encoded).toBe(false);
  expect(plain.headers).toMatchObject({ vary: 'accept-encoding' });
  expect(plain.headers).not.toHaveProperty('content-encoding');
  const packed = await get('/v1/rollouts', { 'accept-encoding': 'br, gzip;q=0.8' });
  expect(packed.isBase64Encoded).toBe(true);
  const type = { 'content-encoding': 'gzip', 'content-type': 'application/json' };
  expect(packed.headers).toMatchObject({
    ...type,
    vary: 'accept-encoding',
    etag: plain.headers?.etag,
  });
  const bytes = Buffer.from(packed.body ?? '', 'base64');
  expect(gunzipSync(bytes).toString()).toBe(plain.body);
  expect(bytes.byteLength).toBeLessThan((plain.body ?? '').length / 10);
});

it.each(['', 'br', 'gzip;q=0', 'identity, gzip; q=0.0', '*;q=0', 'gzipped'])(
  'and stays as it is for who does not: %s',
  async (coding) => {
    const { get } = await listed();
    const { headers, isBase64Encoded } = await get('/v1/rollouts', { 'accept-encoding': coding });
    expect([isBase64Encoded, headers?.['content-encoding']]).toEqual([false, undefined]);
  },
);

it('a short one is not, nor one that nothing has changed in', async () => {
  const { get } = await listed();
  const takes = { 'accept-encoding': 'gzip' };
  expect((await get('/v1/me', takes)).isBase64Encoded).toBe(false);
  const { headers } = await get(path, takes);
  const same = await get(path, { ...takes, 'if-none-match': String(headers?.etag) });
  expect(same).toMatchObject({ statusCode: 304, body: '', isBase64Encoded: false });
});

it('comes through the local server as it was', async () => {
  const { handler } = await listed();
  const server = localGateway(handler, () => {});
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  const answer = await fetch(`http://127.0.0.1:${port}/v1/rollouts`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.headers.get('content-encoding')).toBe('gzip');
  expect(((await answer.json()) as { items: object[] }).items).toHaveLength(101);
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});
