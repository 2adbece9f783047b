import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { messagesBy } from '../../lib/channels/messages.ts';
import { valuesOf } from '../../lib/channels/values.ts';
import { httpClient } from '../../lib/http/client.ts';
import type { Channel, Notification } from '../../lib/model/notification.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import type { Http } from '../../lib/world.ts';

export type Asked = { method: string; url: string; headers: IncomingHttpHeaders; body: string };
type Answer = { status?: number; headers?: Record<string, string>; body?: string | object };

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server that answers what it is told to, by the order of requests; 200 and nothing after that. */
export async function standIn(answers: Answer[] = []) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url = '', headers } = request;
    asked.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    const { status = 200, headers: given = {}, body = '' } = answers.shift() ?? {};
    response.writeHead(status, given);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, answers };
}

const now = Date.parse('2026-01-31T12:00:05.750Z');
const clock = { now: () => now, sleepUntil: async () => {} };
const endsAt = Number.POSITIVE_INFINITY;

/** `to`: where requests to the address of a service go in its place. */
export function open(env: Record<string, string>, to?: { from: string; url: string }) {
  const real = httpClient({
    policy: { openZones: ['loopback'], hosts: [], remedy: '' },
    service: async () => 'direct',
    credentialsFor: async () => Promise.reject(new Error('none')),
    userAgent: 'serin/test',
  });
  const http: Http = async (read, until) => {
    const url = read.http.url.replace(to?.from ?? '\0', to?.url ?? '');
    return await real({ ...read, http: { ...read.http, url } }, until);
  };
  const documents = memoryStore(clock).documents;
  const value = valuesOf(async () => Promise.reject(new Error('no AWS here')), env);
  const place = { documents, clock, region: 'eu-west-1', userAgent: 'serin/test' };
  const messages = messagesBy({
    ...{ channels: async () => [], openZones: ['loopback'], value, ...place, http },
  });
  return (channel: Omit<Channel, 'name'>, notification: Notification = aborted) =>
    messages.send({ name: 'ops', ...channel }, notification, endsAt);
}

export const aborted: Notification = {
  version: 1,
  id: '0123456789abcdef01234567',
  kind: 'aborted',
  at: '2026-01-31T12:00:00Z',
  cluster: 'prod',
  namespace: 'shop',
  rollout: 'front-api',
  uid: 'u1',
  revision: 7,
  images: ['registry.example/front-api:3f786850e387550fdab836ed7e6dc881de23001b'],
  text: 'The update to revision 7 is aborted',
  actor: { name: 'ana <ana@shop.example>', proof: 'verified' },
  reason: 'errors & timeouts',
};
