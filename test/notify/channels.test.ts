import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { messagesBy } from '../../lib/channels/messages.ts';
import { valuesOf } from '../../lib/channels/values.ts';
import { httpClient } from '../../lib/http/client.ts';
import type { Channel, Notification } from '../../lib/model/notification.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import type { Http } from '../../lib/world.ts';
import { placeOf } from '../../page/addresses.ts';

// What each way sends, on stand-ins that see every byte.

type Asked = { method: string; url: string; headers: IncomingHttpHeaders; body: string };
type Answer = { status?: number; headers?: Record<string, string>; body?: string | object };

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server that answers what it is told to, by the order of requests; 200 and nothing after that. */
async function standIn(answers: Answer[] = []) {
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
  return { url, asked };
}

const now = Date.parse('2026-01-31T12:00:05.750Z');
const clock = { now: () => now, sleepUntil: async () => {} };
const endsAt = Number.POSITIVE_INFINITY;

/** `to`: where requests to the address of a service go in its place. */
function open(env: Record<string, string>, to?: { from: string; url: string }) {
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

const aborted: Notification = {
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

describe('a webhook', () => {
  it('is signed as Standard Webhooks says', async () => {
    const { url, asked } = await standIn();
    const secret = `whsec_${Buffer.from('a key of 24 bytes or so!').toString('base64')}`;
    const send = open({ KEY: secret });
    await send({ webhook: { url: `${url}/in?x=1`, secret: 'env:KEY' } });
    const [{ method, url: path, headers, body } = {} as Asked] = asked;
    expect([method, path, asked.length]).toEqual(['POST', '/in?x=1', 1]);
    expect(JSON.parse(body)).toEqual(aborted);
    const signed = `0123456789abcdef01234567.1769860805.${body}`;
    const key = Buffer.from('a key of 24 bytes or so!');
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'serin/test',
      'webhook-id': '0123456789abcdef01234567',
      'webhook-timestamp': '1769860805',
      'webhook-signature': `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
    });
    // Any other text is the key itself.
    await open({ KEY: 'plain' })({ webhook: { url, secret: 'env:KEY' } });
    const own = createHmac('sha256', 'plain').update(signed).digest('base64');
    expect(asked[1]?.headers['webhook-signature']).toBe(`v1,${own}`);
  });

  it('that does not take it says why, and when it may', async () => {
    const { url } = await standIn([
      { status: 410, body: 'gone for good' },
      { status: 429, headers: { 'retry-after': '120' } },
    ]);
    const send = open({ KEY: 'k' });
    const way = { webhook: { url, secret: 'env:KEY' } };
    await expect(send(way)).rejects.toThrow('the receiver answered 410: gone for good');
    await expect(send(way)).rejects.toMatchObject({ name: 'Transient', retryAfterMs: 120_000 });
    await expect(send({ webhook: { url, secret: 'env:GONE' } })).rejects.toThrow(
      'the environment has no variable GONE',
    );
  });
});

describe('Slack', () => {
  it('gets one message after the other by an incoming webhook', async () => {
    const { url, asked } = await standIn([{ body: 'ok' }]);
    const send = open({ SLACK: `${url}/services/T0/B0/token\n` });
    await send({ slack: { webhook: 'env:SLACK' } });
    expect(asked[0]?.url).toBe('/services/T0/B0/token');
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      text: 'Aborted: shop/front-api in prod. The update to revision 7 is aborted',
      ...{ parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false },
      blocks: [
        {
          type: 'section',
          text: { type: 'mrkdwn', verbatim: true, text: '*Aborted*  shop/front-api in prod' },
        },
        {
          type: 'section',
          text: { type: 'plain_text', emoji: false, text: 'The update to revision 7 is aborted' },
        },
        {
          type: 'context',
          elements: [
            {
              ...{ type: 'plain_text', emoji: false },
              text:
                'Revision: 7  ·  ' +
                'Image: registry.example/front-api:3f786850e387550fdab836ed7e6dc881de23001b  ·  ' +
                'By: ana &lt;ana@shop.example&gt;  ·  Reason: errors &amp; timeouts  ·  ' +
                'Time: 2026-01-31T12:00:00Z',
            },
          ],
        },
      ],
    });
  });

  it('reads nothing that others wrote as its markup', async () => {
    const posted = { body: { ok: true, channel: 'C0123456789', ts: '17.01' } };
    const { url, asked } = await standIn([{ body: 'ok' }, posted, { body: { ok: true } }]);
    const env = { SLACK: `${url}/services/T0/B0/token`, TOKEN: 'xoxb-1' };
    const send = open(env, { from: 'https://slack.com', url });
    const text =
      'https://evil.example @here #general <!channel> *b* _i_ :tada: <https://evil.example|a>';
    const foul: Notification = { ...aborted, text, reason: text, images: [text] };
    const failed = { metric: text, value: text, message: text, analysisRun: text };
    const failedBy = [{ ...failed, measurement: 0, phase: 'Failed' }];
    const way = { slack: { token: 'env:TOKEN', channel: 'C0123456789' } };
    await send({ slack: { webhook: 'env:SLACK' } }, { ...foul, failedBy });
    await send(way, { ...foul, failedBy });
    await send(way, { ...foul, failedBy, id: 'second' });
    const bodies = asked.map(({ body }) => JSON.parse(body));
    expect(bodies).toHaveLength(3);
    for (const body of bodies) {
      expect(body).toMatchObject({ parse: 'none', link_names: false });
      expect(body.text).not.toMatch(/[<>]/);
      for (const { text: one, elements = [one] } of body.blocks) {
        for (const { type, text: words, emoji, verbatim } of elements) {
          const isPlain = type === 'plain_text' && emoji === false;
          expect(isPlain || (verbatim === true && !/evil|here|general/.test(words))).toBe(true);
          expect(words).not.toMatch(/[<>]/);
        }
      }
    }
    const unfurls = bodies.map((body) => [body.unfurl_links, body.unfurl_media]);
    const isUpdate = [undefined, undefined];
    expect(unfurls).toEqual([[false, false], [false, false], isUpdate]);
  });

  it('ends a long text before an escape, and not within it', async () => {
    const { url, asked } = await standIn([{ body: 'ok' }, { body: 'ok' }]);
    const send = open({ SLACK: `${url}/services/T0/B0/token` });
    for (const length of [1990, 1991]) {
      const reason = `${'x'.repeat(length - 'Reason: '.length)}&&&`;
      const { kind, version, id, cluster, text } = aborted;
      await send(
        { slack: { webhook: 'env:SLACK' } },
        { kind, version, id, cluster, text, reason, at: '' },
      );
    }
    const [first, second] = asked.map(
      ({ body }) => JSON.parse(body).blocks.at(-1).elements[0].text,
    );
    expect(first).toMatch(/x&amp;…$/);
    expect(second).toMatch(/x&amp;…$/);
  });

  it('leads to the page, where what it asks for is done by whoever signs in', async () => {
    const { url, asked } = await standIn([{ body: 'ok' }, { body: 'ok' }]);
    const send = open({ SLACK: `${url}/services/T0/B0/token` });
    const way = { page: 'https://serin.example/', slack: { webhook: 'env:SLACK' } };
    await send(way, { ...aborted, kind: 'paused' });
    await send(way);
    const blocks = asked.map(({ body }) => JSON.parse(body).blocks[2]);
    const link = 'https://serin.example/c/prod/n/shop/r/front-api?revision=7';
    expect(blocks[0]).toEqual({
      type: 'section',
      text: {
        ...{ type: 'mrkdwn', verbatim: true },
        text:
          `<${link}|Open>  ·  <${link}&amp;ask=promote|Promote>  ·  ` +
          `<${link}&amp;ask=abort|Abort>`,
      },
    });
    expect(blocks[1].text.text).toBe(`<${link}|Open>`);
    const place = placeOf(new URL(`${link}&ask=promote`));
    const key = { cluster: 'prod', namespace: 'shop', name: 'front-api' };
    expect(place).toEqual({ screen: 'rollout', key, revision: 7, ask: 'promote' });
  });

  it('says nothing of its address, which is a secret', async () => {
    const { url } = await standIn([{ status: 403, body: 'invalid_token' }]);
    const send = open({ SLACK: `${url}/services/T0/B0/token` });
    const gone = open({ SLACK: 'http://127.0.0.1:1/services/T0/B0/token' });
    await expect(send({ slack: { webhook: 'env:SLACK' } })).rejects.toThrow('403: invalid_token');
    const error = await gone({ slack: { webhook: 'env:SLACK' } }).catch((e: Error) => e);
    expect(error).toMatchObject({
      message: 'Post "***": dial tcp 127.0.0.1:1: connect: connection refused',
    });
    expect((error as Error).cause).toBeUndefined();
  });

  it('gets one message for each release by an app, which is changed as it goes on', async () => {
    const posted = { body: { ok: true, channel: 'C0123456789', ts: '17.01' } };
    const { url, asked } = await standIn([posted, { body: { ok: true } }, posted]);
    const send = open({ TOKEN: 'xoxb-1' }, { from: 'https://slack.com', url });
    const way = { slack: { token: 'env:TOKEN', channel: 'C0123456789' } };
    const { reason: _, ...rest } = aborted;
    const told = (kind: Notification['kind'], minute: number, text: string, revision = 7) => ({
      ...{ ...rest, kind, text, revision, id: `${kind}${revision}` },
      at: `2026-01-31T11:0${minute}:00Z`,
    });
    await send(way, told('begun', 1, 'Revision 7 is to be released'));
    await send(way, told('paused', 2, 'Paused at step 2 of 4'));
    // The same one a second time, as after a process that ended.
    await send(way, told('paused', 2, 'Paused at step 2 of 4'));
    await send(way, told('begun', 3, 'Revision 8 is to be released', 8));
    expect(asked.map((each) => each.url)).toEqual([
      '/api/chat.postMessage',
      '/api/chat.update',
      '/api/chat.postMessage',
    ]);
    expect(asked[0]?.headers.authorization).toBe('Bearer xoxb-1');
    const bodies = asked.map(({ body }) => JSON.parse(body));
    expect(bodies[0].channel).toBe('C0123456789');
    const textsOf = (body: { blocks: { text?: { text: string } }[] }) =>
      body.blocks.map(({ text }) => text?.text).slice(0, 2);
    expect(textsOf(bodies[0])).toEqual([
      '*Release begun*  shop/front-api in prod',
      'Revision 7 is to be released',
    ]);
    expect(bodies[1]).toMatchObject({ channel: 'C0123456789', ts: '17.01' });
    expect(textsOf(bodies[1])).toEqual([
      '*Paused, waits for a person*  shop/front-api in prod',
      '11:01  Revision 7 is to be released\n11:02  Paused at step 2 of 4',
    ]);
    expect(bodies[2].ts).toBeUndefined();
  });

  it('refuses with a reason', async () => {
    const { url } = await standIn([{ body: { ok: false, error: 'not_in_channel' } }]);
    const send = open({ TOKEN: 'xoxb-1' }, { from: 'https://slack.com', url });
    const way = { slack: { token: 'env:TOKEN', channel: 'C0123456789' } };
    const why = 'Slack refuses chat.postMessage: not_in_channel';
    await expect(send(way)).rejects.toThrow(why);
  });
});

it('Teams gets a card, in which nothing that others wrote is Markdown', async () => {
  const { url, asked } = await standIn([{ status: 202 }]);
  const foul = {
    ...{ ...aborted, text: 'see [here](https://evil.example) <https://evil.example>' },
    reason: '# a_b **c**',
  };
  await open({ TEAMS: `${url}/workflows/1?sig=s` })({ teams: { webhook: 'env:TEAMS' } }, foul);
  expect(asked[0]?.url).toBe('/workflows/1?sig=s');
  const block = (spacing: string, ...runs: object[]) => ({
    ...{ type: 'RichTextBlock', spacing },
    inlines: runs.map((run) => ({ type: 'TextRun', ...run })),
  });
  const fact = (spacing: string, name: string, value: string) =>
    block(spacing, { text: `${name}: `, weight: 'Bolder' }, { text: value });
  const { type, attachments } = JSON.parse(asked[0]?.body ?? '');
  expect([type, attachments.length]).toEqual(['message', 1]);
  expect(attachments[0]).toEqual({
    contentType: 'application/vnd.microsoft.card.adaptive',
    contentUrl: null,
    content: {
      $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
      type: 'AdaptiveCard',
      version: '1.4',
      // No TextBlock and no FactSet, which read Markdown.
      body: [
        block('Default', { text: 'Aborted', weight: 'Bolder', size: 'Medium' }),
        block('None', { text: 'shop/front-api in prod', isSubtle: true }),
        block('Default', { text: 'see [here](https://evil.example) <https://evil.example>' }),
        fact('Default', 'Revision', '7'),
        fact('None', 'Image', aborted.images?.[0] ?? ''),
        fact('None', 'By', 'ana <ana@shop.example>'),
        fact('None', 'Reason', '# a_b **c**'),
        fact('None', 'Time', '2026-01-31T12:00:00Z'),
      ],
    },
  });
});

describe('GitHub', () => {
  const sha = '3f786850e387550fdab836ed7e6dc881de23001b';
  const way = { github: { repository: 'acme/front-api', token: 'env:TOKEN' } };

  it('gets a deployment of the commit, its status, and that of the commit', async () => {
    const { url, asked } = await standIn([
      { body: [] },
      { status: 201, body: { id: 42 } },
      { status: 201, body: {} },
      { status: 201, body: {} },
    ]);
    const send = open({ TOKEN: 'ghs_1' }, { from: 'https://api.github.com', url });
    await send(way);
    const query = `sha=${sha}&environment=prod&task=serin%3Ashop%2Ffront-api%3A7&per_page=1`;
    expect(asked.map(({ method, url: path }) => `${method} ${path}`)).toEqual([
      `GET /repos/acme/front-api/deployments?${query}`,
      'POST /repos/acme/front-api/deployments',
      'POST /repos/acme/front-api/deployments/42/statuses',
      `POST /repos/acme/front-api/statuses/${sha}`,
    ]);
    for (const { headers } of asked) {
      expect(headers).toMatchObject({
        accept: 'application/vnd.github+json',
        authorization: 'Bearer ghs_1',
        'x-github-api-version': '2022-11-28',
      });
    }
    expect(asked.slice(1).map(({ body }) => JSON.parse(body))).toEqual([
      {
        ...{ ref: sha, task: 'serin:shop/front-api:7', environment: 'prod' },
        ...{ auto_merge: false, required_contexts: [], description: 'shop/front-api in prod' },
      },
      {
        ...{ state: 'failure', environment: 'prod', auto_inactive: true },
        description: 'Aborted: The update to revision 7 is aborted',
      },
      {
        ...{ state: 'failure', context: 'serin: shop/front-api in prod' },
        description: 'Aborted: The update to revision 7 is aborted',
      },
    ]);
  });

  it('is asked for the whole name of a commit, and finds the deployment of a try before', async () => {
    const { url, asked } = await standIn([{ body: `${sha}` }, { body: [{ id: 7 }] }]);
    const send = open({ TOKEN: 'ghs_1' }, { from: 'https://api.github.com', url });
    await send(way, { ...aborted, kind: 'completed', images: ['web:v1.2.3-4-g3f78685'] }).catch(
      () => {},
    );
    expect(asked.map(({ url: path }) => path.replace(/\?.*/, ''))).toEqual([
      '/repos/acme/front-api/commits/3f78685',
      '/repos/acme/front-api/deployments',
      '/repos/acme/front-api/deployments/7/statuses',
    ]);
  });

  it.each([['web:v2'], ['web@sha256:3f786850e387550fdab836ed7e6dc881'], ['web']])(
    'gets nothing of %s, which names no commit',
    async (image) => {
      const { url, asked } = await standIn();
      const send = open({ TOKEN: 'ghs_1' }, { from: 'https://api.github.com', url });
      expect(await send(way, { ...aborted, images: [image] })).toEqual({
        skipped: 'no image has a tag that names a commit',
      });
      expect(asked).toEqual([]);
    },
  );
});
