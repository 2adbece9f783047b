import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Asked, aborted, open, standIn } from './support.ts';

// What each way sends, on stand-ins that see every byte.

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
