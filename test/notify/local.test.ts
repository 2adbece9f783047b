import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { checkMessages } from '../../lib/diagnose/checkMessages.ts';
import type { ChannelState, DeliveryRecord, Notification } from '../../lib/model/notification.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import { serin, temporaryFolder } from '../cli/support.ts';
import { start } from '../make.ts';

it('`serin dev` tells a server what happens, signed', { timeout: 60_000 }, async () => {
  const got: Notification[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const {
      'webhook-id': id,
      'webhook-timestamp': at,
      'webhook-signature': sign,
    } = request.headers;
    const mac = createHmac('sha256', 's3cret').update(`${id}.${at}.${body}`).digest('base64');
    if (sign === `v1,${mac}`) got.push(JSON.parse(body));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const file = join(temporaryFolder(), 'settings.yaml');
  const webhook = { url: `http://127.0.0.1:${port}/`, secret: 'env:KEY' };
  writeFileSync(file, JSON.stringify({ messages: [{ name: 'own', webhook }] }));
  const stop = new AbortController();
  const line = ['dev', '--port', '0', '--speed', '20', '--settings', file];
  const ended = serin(line, { KEY: 's3cret', XDG_STATE_HOME: temporaryFolder() }, stop);
  await expect.poll(() => got.map(({ kind }) => kind), { timeout: 30_000 }).toContain('begun');
  await expect.poll(() => got.map(({ kind }) => kind), { timeout: 30_000 }).toContain('completed');
  stop.abort();
  expect((await ended).code).toBe(0);
  expect(got[0]).toMatchObject({ version: 1, cluster: 'local', rollout: 'front-api' });
});

it('`serin dev` says what is wrong with the settings, and does not start', async () => {
  const file = join(temporaryFolder(), 'settings.yaml');
  writeFileSync(file, 'messages:\n  - name: own\n');
  const { code, err } = await serin(['dev', '--port', '0', '--settings', file]);
  expect(code).toBe(1);
  expect(err).toMatch(/settings\.yaml:2: messages\[0\] says no way: add one of webhook,/);
});

it('`serin cluster check` names the channels that do not take what they are sent', async () => {
  const store = memoryStore({ now: () => start });
  expect(await checkMessages(store, 'prod')).toEqual([]);
  const delivery = (name: string, channels: Record<string, ChannelState>): DeliveryRecord => ({
    ...{ key: { cluster: 'prod', kind: 'Delivery', namespace: 'shop', name }, version: 0 },
    ...{ madeAt: start + Number(name), channels },
    notification: { version: 1, id: name, kind: 'begun', at: '', cluster: 'prod', text: '' },
  });
  await store.save(delivery('1', { good: { state: 'sent', tries: 1 } }));
  const fine = { what: 'messages', state: 'good', text: 'every channel takes what it is sent' };
  expect(await checkMessages(store, 'prod')).toEqual([fine]);
  await store.save(delivery('2', { bad: { state: 'failed', tries: 60, said: '401' } }));
  await store.save(delivery('4', { bad: { state: 'open', tries: 2, nextAt: start, said: '403' } }));
  await store.save(delivery('3', { bad: { state: 'open', tries: 3, nextAt: start, said: '402' } }));
  expect(await checkMessages(store, 'prod')).toMatchObject([
    { what: 'messages', state: 'note', text: 'bad: 2 not taken yet, 1 given up: 403' },
  ]);
  expect(await checkMessages(store, 'other')).toEqual([]);
});
