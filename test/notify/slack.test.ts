import { describe, expect, it } from 'vitest';
import type { Notification } from '../../lib/model/notification.ts';
import { placeOf } from '../../page/addresses.ts';
import { aborted, open, standIn } from './support.ts';

// What Slack is sent, on a stand-in that sees every byte.

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

  it('has buttons below it that say how the release stood, where clicks can come back', async () => {
    const posted = { body: { ok: true, channel: 'C0123456789', ts: '17.01' } };
    const { url, asked } = await standIn([posted, { body: { ok: true } }, { body: { ok: true } }]);
    const send = open({ TOKEN: 'xoxb-1' }, { from: 'https://slack.com', url });
    const app = { token: 'env:TOKEN', channel: 'C0123456789' };
    const clicks = { signingSecret: 'env:SIGNING', team: 'T0123456789' };
    const way = { page: 'https://serin.example/', slack: { ...app, ...clicks } };
    const { reason: _, ...rest } = aborted;
    const paused: Notification = { ...rest, kind: 'paused', podHash: '6f4c', stepIndex: 1 };
    await send(way, { ...paused, id: 'paused', at: '2026-01-31T11:02:00Z' });
    // Begun is told late: the buttons stay those of the pause.
    const begun = { ...paused, id: 'begun', kind: 'begun', stepIndex: 0 } as const;
    await send(way, { ...begun, at: '2026-01-31T11:01:00Z' });
    await send(way, { ...rest, id: 'end', at: '2026-01-31T11:03:00Z' });
    const bodies = asked.map(({ body }) => JSON.parse(body));
    const value =
      '{"version":1,"cluster":"prod","namespace":"shop","rollout":"front-api","revision":7,' +
      '"podHash":"6f4c","stepIndex":1}';
    const word = (text: string) => ({ type: 'plain_text', text, emoji: false });
    const buttons = {
      type: 'actions',
      elements: [
        {
          ...{ type: 'button', action_id: 'serin.promote', text: word('Promote'), value },
          style: 'primary',
        },
        {
          ...{ type: 'button', action_id: 'serin.abort', text: word('Abort'), value },
          style: 'danger',
          confirm: {
            title: word('Abort this release?'),
            text: word('All requests for shop/front-api in prod go back to the stable revision.'),
            confirm: word('Abort'),
            deny: word('Leave it'),
            style: 'danger',
          },
        },
      ],
    };
    expect(bodies[0].blocks[3]).toEqual(buttons);
    expect(bodies[1].blocks[3]).toEqual(buttons);
    // What the buttons do is not asked for by a link as well.
    const link = 'https://serin.example/c/prod/n/shop/r/front-api?revision=7';
    expect(bodies[0].blocks[2].text.text).toBe(`<${link}|Open>`);
    const types = bodies.map(({ blocks }) => blocks.map(({ type }: { type: string }) => type));
    expect(types[2]).toEqual(['section', 'section', 'section', 'context']);
  });

  it('has no buttons where it is not known how the release stood', async () => {
    const { url, asked } = await standIn([{ body: { ok: true, channel: 'C0', ts: '1' } }]);
    const send = open({ TOKEN: 'xoxb-1' }, { from: 'https://slack.com', url });
    const app = { token: 'env:TOKEN', channel: 'C0123456789', team: 'T0123456789' };
    await send({ slack: { ...app, signingSecret: 'env:S' } }, { ...aborted, kind: 'paused' });
    expect(asked[0]?.body).not.toContain('"actions"');
  });

  it('refuses with a reason', async () => {
    const { url } = await standIn([{ body: { ok: false, error: 'not_in_channel' } }]);
    const send = open({ TOKEN: 'xoxb-1' }, { from: 'https://slack.com', url });
    const way = { slack: { token: 'env:TOKEN', channel: 'C0123456789' } };
    const why = 'Slack refuses chat.postMessage: not_in_channel';
    await expect(send(way)).rejects.toThrow(why);
  });
});
