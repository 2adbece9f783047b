import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Transient } from '../../lib/errors.ts';
import type { Channel } from '../../lib/model/notification.ts';
import { key, start } from '../api/support.ts';
import { app, button, clicked, everybody, makeClick, makeSlack, signing } from './slackStage.ts';

const reader = `
  permit (principal is Slack, action == Action::"read", resource);
  permit (principal == Slack::"T0123456789/U0000000001", action, resource);
  permit (principal in Group::"oncall", action in [Action::"stop"], resource);
`;

describe('a click on a button in Slack', () => {
  it('promotes as whoever clicked, and tells them alone', async () => {
    const at = await makeSlack();
    const { status, body, headers } = await at.send(clicked(makeClick('promote')));
    // Slack would show a body, and a sign of trouble for another status.
    expect([status, body]).toEqual([200, null]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(at.done).toEqual(['promote']);
    const [intent] = (await at.stored())?.intents ?? [];
    expect(intent).toMatchObject({
      command: { verb: 'promote' },
      actor: { name: 'slack:T0123456789/U0123456789 (ana)', proof: 'verified' },
    });
    expect(at.sentTo).toEqual(['https://hooks.slack.com/actions/T0123456789/123/abc']);
    const [{ method, url, headers: sent, body: text } = { body: '' } as never] = at.slack.asked;
    expect([method, url, sent['content-type'], sent.authorization]).toEqual([
      ...['POST', '/actions/T0123456789/123/abc', 'application/json; charset=utf-8', undefined],
    ]);
    expect(text).toBe(
      '{"response_type":"ephemeral","replace_original":false,"text":"promote of front-api: It is done.",' +
        '"blocks":[{"type":"section","text":{"type":"plain_text",' +
        '"text":"promote of front-api: It is done.","emoji":false}}]}',
    );
  });

  it('is one command however often it comes', async () => {
    const at = await makeSlack();
    for (const _ of [1, 2, 3]) await at.send(clicked(makeClick('abort')));
    expect(at.done).toEqual(['abort']);
    expect(at.told()).toEqual(Array(3).fill('abort of front-api: It is done.'));
    expect((await at.stored())?.intents).toHaveLength(1);
  });

  it('on an old message does nothing, and says so', async () => {
    const at = await makeSlack();
    const promote = (over: object) =>
      at.send(clicked(makeClick('promote', {}, { ...button, ...over })));
    await promote({ stepIndex: 0 });
    await promote({ revision: 1, podHash: 'aaa' });
    await at.send(clicked(makeClick('abort', {}, { ...button, podHash: 'aaa' })));
    expect(at.done).toEqual([]);
    expect(at.told()).toEqual([
      expect.stringMatching(
        /^promote of .*: Nothing was done: stepIndex 0 was expected and is 1 \(as of/,
      ),
      expect.stringMatching(
        /revision 1 was expected and is 2; podHash aaa was expected and is bbb/,
      ),
      expect.stringMatching(/^abort of .*: Nothing was done: podHash aaa was expected and is bbb/),
    ]);
    // An abort is of the whole release, at whatever step that is by now.
    await at.send(clicked(makeClick('abort', {}, { ...button, stepIndex: 0 })));
    expect(at.done).toEqual(['abort']);
  });

  it('that the policies do not permit is refused', async () => {
    const at = await makeSlack({ policies: reader });
    await at.send(clicked(makeClick('promote')));
    await at.send(clicked(makeClick('abort')));
    expect(at.done).toEqual([]);
    expect((await at.stored())?.intents).toEqual([]);
    const who = 'slack:T0123456789/U0123456789 (ana) may not do this';
    const where = 'rollout front-api in namespace shop of cluster prod.';
    expect(at.told()).toEqual(
      ['promote', 'abort'].map(
        (verb) => `Nothing was done: ${who}: no policy permits ${verb} on ${where}`,
      ),
    );
    // The same people in a group, and somebody who is named.
    const [channel] = [{ name: 'shop', slack: { ...app, groups: ['oncall'] } }];
    const grouped = await makeSlack({ policies: reader, channels: [channel as Channel] });
    await grouped.send(clicked(makeClick('promote')));
    await grouped.send(clicked(makeClick('abort')));
    expect(grouped.done).toEqual(['abort']);
    const named = await makeSlack({ policies: reader });
    const user = { id: 'U0000000001', name: 'bob', team_id: 'T0123456789' };
    await named.send(clicked(makeClick('promote', { user })));
    expect(named.done).toEqual(['promote']);
    // Nobody may do anything before a policy says so, nor by what is said of others.
    for (const policies of ['', 'permit (principal is Identity, action, resource);']) {
      const none = await makeSlack({ policies });
      await none.send(clicked(makeClick('abort')));
      expect([none.done, none.told().length]).toEqual([[], 1]);
    }
    // Its answer tells of the rollout.
    const blind = await makeSlack({
      policies: 'permit (principal, action == Action::"abort", resource);',
    });
    await blind.send(clicked(makeClick('abort')));
    expect([blind.done, blind.told()[0]]).toEqual([[], expect.stringContaining('permits read on')]);
  });

  it('is told what does the same while the settings cannot be used', async () => {
    const mayNot = () => Promise.reject(new Transient('the table is away'));
    const at = await makeSlack({ mayNot });
    expect((await at.send(clicked(makeClick('abort')))).status).toBe(200);
    expect(at.told()).toEqual([
      "Nothing was done: Serin's table or settings cannot be used now. This does the same: " +
        'kubectl argo rollouts abort front-api -n shop',
    ]);
  });

  it('is carried out also where whoever clicked cannot be told', async () => {
    const at = await makeSlack();
    const response_url = 'https://hooks.slack.com/gone';
    at.slack.answers.push({ status: 404, body: 'expired_url' });
    expect((await at.send(clicked(makeClick('abort', { response_url })))).status).toBe(200);
    expect(at.done).toEqual(['abort']);
    expect(at.logged).toContain('warn whoever clicked in Slack could not be told');
  });

  it('comes to its channel alone, of those that an app has', async () => {
    const other = { ...app, channel: 'C9999999999', signingSecret: 'env:OTHER' };
    const env = { 'env:SIGNING': signing, 'env:OTHER': `${signing}-other` };
    const channels: Channel[] = [
      { name: 'shop', namespaces: ['shop'], slack: app },
      { name: 'pay', namespaces: ['pay'], slack: other },
    ];
    const at = await makeSlack({ channels, env });
    const elsewhere = { channel: { id: 'C9999999999' } };
    // By the other's secret, of a rollout that is not told of there.
    const secret = env['env:OTHER'];
    await at.send(clicked(makeClick('abort', elsewhere), { secret }));
    expect(at.told()).toEqual([
      'Nothing was done: this channel is not told of rollout front-api, by the settings of Serin.',
    ]);
    // With the secret of one app in the channel of another.
    expect((await at.send(clicked(makeClick('abort', elsewhere)))).status).toBe(403);
    expect((await at.send(clicked(makeClick('abort'), { secret }))).status).toBe(403);
    expect([at.done, at.told().length]).toEqual([[], 1]);
  });
});

describe('what did not come of a click', () => {
  it('is signed as Slack documents it', () => {
    // The example of docs.slack.dev.
    const body =
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&' +
      'channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&' +
      'command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F' +
      'T1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&' +
      'trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    const sent = clicked(body, { at: 1531420618_000 });
    expect(sent.headers.get('x-slack-signature')).toBe(
      'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    );
  });

  const minute = 60_000;
  const forged = createHmac('sha256', signing).update('other').digest('hex');
  it.each<[string, Parameters<typeof clicked>[1], RegExp]>([
    ['another secret', { secret: 'another-secret-of-32-characters' }, /is not that of this body/],
    ['another body', { headers: { 'x-slack-signature': `v0=${forged}` } }, /is not that of this/],
    ['no signature', { headers: { 'x-slack-signature': '' } }, /missing or malformed/],
    ['a version to come', { headers: { 'x-slack-signature': `v1=${forged}` } }, /malformed/],
    ['half of one', { headers: { 'x-slack-signature': 'v0=00' } }, /malformed/],
    ['no time', { headers: { 'x-slack-request-timestamp': '' } }, /not a time in whole seconds/],
    ['an odd time', { headers: { 'x-slack-request-timestamp': '1e9' } }, /not a time in whole/],
    ['one of long ago', { at: start - 5 * minute - 1000 }, /too far apart/],
    ['one to come', { at: start + 5 * minute + 1000 }, /too far apart/],
  ])('%s', async (_, wire, words) => {
    const at = await makeSlack();
    const { status, body } = await at.send(clicked(makeClick('abort'), wire));
    expect([status, body.detail]).toEqual([401, expect.stringMatching(words)]);
    expect([at.done, at.sentTo]).toEqual([[], []]);
    expect(JSON.stringify(body)).not.toContain(signing);
  });

  const url = (response_url: unknown) => makeClick('abort', { response_url });
  const value = (given: object | string) => makeClick('abort', {}, given);
  it.each<[string, object | string]>([
    ['no payload', 'a=b'],
    ['no JSON', 'payload=%7B'],
    ['null', 'payload=null'],
    ['another server to answer', url('https://hooks.slack.com.evil.example/actions/1')],
    ['metadata to answer', url('http://169.254.169.254/latest/meta-data')],
    ['a name before the server', url('https://hooks.slack.com@evil.example/')],
    ['a password', url('https://a:b@hooks.slack.com/actions/1')],
    ['another port', url('https://hooks.slack.com:8443/actions/1')],
    ['http', url('http://hooks.slack.com/actions/1')],
    ['nowhere to answer', url(undefined)],
    ['a list to answer', url(['https://hooks.slack.com/'])],
    ['no workspace', makeClick('abort', { team: null })],
    ['nobody', makeClick('abort', { user: { id: '../x', team_id: 'T0123456789' } })],
    ['no button', value('')],
    ['a button of a version to come', value({ ...button, version: 2 })],
    ['a name that is a path', value({ ...button, rollout: '../../x' })],
    ['a name with capitals', value({ ...button, namespace: '__proto__' })],
    ['a hash that is none', value({ ...button, podHash: '' })],
    ['a text for a number', value({ ...button, revision: '2' })],
  ])('%s is refused', async (_, payload) => {
    const at = await makeSlack();
    const { status, body } = await at.send(clicked(payload));
    expect([status, body.detail]).toEqual([422, expect.stringMatching(/^Nothing was done\. /)]);
    expect([at.done, at.sentTo]).toEqual([[], []]);
  });

  it.each<[string, object]>([
    ['another workspace', { team: { id: 'T9999999999' } }],
    ['another channel', { channel: { id: 'C9999999999' } }],
  ])('%s is not there', async (_, over) => {
    const at = await makeSlack();
    const { status } = await at.send(clicked(makeClick('abort', over)));
    expect([status, at.done, at.sentTo]).toEqual([403, [], []]);
  });

  it('people of another workspace may do nothing, in a channel that is shared', async () => {
    const at = await makeSlack();
    const user = { id: 'U0123456789', name: 'eve', team_id: 'T9999999999' };
    await at.send(clicked(makeClick('abort', { user })));
    expect([at.done, at.told()]).toEqual([
      [],
      [expect.stringMatching(/people of another workspace/)],
    ]);
  });

  it.each<[string, object]>([
    ['another kind of request', { type: 'view_submission' }],
    ['a button of another', { actions: [{ action_id: 'other', action_ts: '1.1' }] }],
    ['what every object has', { actions: [{ action_id: 'constructor', action_ts: '1.1' }] }],
    ['the prototype', { actions: [{ action_id: '__proto__', action_ts: '1.1' }] }],
  ])('%s is taken, and nothing is done', async (_, over) => {
    const at = await makeSlack();
    expect((await at.send(clicked(makeClick('abort', over)))).status).toBe(200);
    expect([at.done, at.sentTo]).toEqual([[], []]);
  });

  it('a million bytes are not read', async () => {
    const at = await makeSlack();
    const message = { text: 'x'.repeat(1_000_000) };
    const { status } = await at.send(clicked(makeClick('abort', { message })));
    expect([status, at.done]).toEqual([413, []]);
  });

  it('an address is there for channels with buttons alone', async () => {
    const { signingSecret: _, team: __, ...plain } = app;
    const at = await makeSlack({ channels: [{ name: 'shop', slack: plain }] });
    expect((await at.send(clicked(makeClick('abort')))).status).toBe(404);
    const other = await makeSlack();
    expect((await other.send(clicked('', { method: 'GET' }))).status).toBe(405);
  });

  it('a secret that cannot be read is a matter of the log', async () => {
    const at = await makeSlack({ env: {}, policies: everybody });
    const { status, body } = await at.send(clicked(makeClick('abort')));
    expect([status, body.detail]).toEqual([503, expect.stringMatching(/Serin's log says why/)]);
    expect(at.logged).toContain('error a signing secret of Slack cannot be used');
    expect((await at.memory.load(key))?.intents).toEqual([]);
  });
});
