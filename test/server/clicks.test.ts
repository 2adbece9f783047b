import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { messagesBy } from '../../lib/channels/messages.ts';
import { valuesOf } from '../../lib/channels/values.ts';
import type { Channel } from '../../lib/model/notification.ts';
import { scaledClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import type { Http } from '../../lib/world.ts';
import { besideClicks } from '../../server/clicks.ts';
import { consumer } from '../../server/consumer.ts';
import { localGateway } from '../../server/gateway.ts';
import { app, clicked, makeClick, signing } from '../hooks/slackStage.ts';
import { rollout } from '../simulate/manifests.ts';

// A release on a simulated cluster that tells Slack of itself, and is promoted and aborted there.

type Sent = { url: string; body: { text?: string; blocks?: Block[] } };
type Block = { type: string; elements?: { action_id: string; value: string }[] };

const policies = `
  permit (principal is Slack, action == Action::"read", resource);
  permit (principal == Slack::"T0123456789/U0123456789", action, resource in Namespace::"local/shop");
`;

async function openStage() {
  const clock = scaledClock(20);
  const store = memoryStore(clock);
  const sent: Sent[] = [];
  const http: Http = async ({ http: { url, body = '' } }) => {
    sent.push({ url, body: JSON.parse(body) });
    return { status: 200, headers: {}, body: '{"ok":true,"channel":"C0123456789","ts":"17.01"}' };
  };
  const channels: Channel[] = [{ name: 'shop', slack: app }];
  const env = { TOKEN: 'xoxb-1', SIGNING: signing };
  const value = valuesOf(async () => Promise.reject(new Error('no AWS here')), env);
  const told = { channels, policies, env, userAgent: 'serin/test' };
  const simulated = simulatedWorld({
    ...{ clock, seed: 1, clusters: { local: {} }, store, log: () => {} },
    messages: messagesBy({
      ...{ channels: async () => channels, openZones: [], value, http, clock, region: '' },
      ...{ documents: store.documents, userAgent: 'serin/test' },
    }),
  });
  simulated.connect(consumer);
  const api = async () => ({ statusCode: 404 });
  const gateway = localGateway(besideClicks(api, simulated.world, told, http), () => {});
  gateway.listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  onTestFinished(() => {
    clock.stop();
    gateway.close();
    gateway.closeAllConnections();
  });
  const { port } = gateway.address() as AddressInfo;
  const messages = () => sent.filter(({ url }) => url.startsWith('https://slack.com/api/'));
  /** The buttons of the newest message, by what they ask for. */
  const buttons = () => {
    const { elements = [] } =
      messages()
        .at(-1)
        ?.body.blocks?.find(({ type }) => type === 'actions') ?? {};
    return Object.fromEntries(elements.map(({ action_id: id, value: text }) => [id, text]));
  };
  let clicks = 0;
  const click = async (verb: string, value = '', over: object = {}) => {
    clicks += 1;
    const [made] = makeClick(verb, {}, value).actions;
    const actions = [{ ...made, action_ts: `1769860999.${clicks}` }];
    const { body, headers } = clicked(makeClick(verb, { actions, ...over }), { at: clock.now() });
    const text = await new Response(body).text();
    const url = `http://127.0.0.1:${port}/v1/hooks/slack`;
    const answer = await fetch(url, { method: 'POST', headers, body: text });
    return [answer.status, await answer.text()];
  };
  /** What those who clicked were told. */
  const said = () =>
    sent.filter(({ url }) => url.startsWith('https://hooks.')).map(({ body }) => body.text);
  return { ...simulated, store, messages, buttons, click, said };
}

const wait = { timeout: 20_000 };
const steps = [{ setWeight: 50 }, { pause: {} }];
const manifest = (image: string) =>
  rollout({
    strategy: { canary: { steps } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image }] },
    },
  });

it('a release is promoted and aborted from its message', { timeout: 60_000 }, async () => {
  const at = await openStage();
  const key = { cluster: 'local', namespace: 'shop', name: 'web' };
  const phase = () => at.cluster.read.get('Rollout', 'shop', 'web').status?.phase;
  at.cluster.apply('Rollout', manifest('web:v1'));
  await expect.poll(phase, wait).toBe('Healthy');
  at.cluster.apply('Rollout', manifest('web:v2'));
  await expect
    .poll(() => Object.keys(at.buttons()), wait)
    .toEqual(['serin.promote', 'serin.abort']);
  const old = at.buttons();
  expect(JSON.parse(old['serin.promote'] ?? '')).toMatchObject({ revision: 2, stepIndex: 1 });
  // Somebody who may only read.
  const user = { id: 'U0000000002', name: 'bob', team_id: 'T0123456789' };
  expect(await at.click('promote', old['serin.promote'], { user })).toEqual([200, '']);
  expect(at.said()).toEqual([
    'Nothing was done: slack:T0123456789/U0000000002 (bob) may not do this: no policy permits promote on ' +
      'rollout web in namespace shop of cluster local.',
  ]);
  expect(phase()).toBe('Paused');
  expect(await at.click('promote', old['serin.promote'])).toEqual([200, '']);
  await expect.poll(phase, wait).toBe('Healthy');
  const ledger = async () => (await at.store.ledger(key, { limit: 50 })).items;
  const promoted = (await ledger()).filter(({ kind }) => kind === 'promoted');
  expect(promoted).toMatchObject([
    { actor: { name: 'slack:T0123456789/U0123456789 (ana)', proof: 'verified' } },
  ]);
  // Of a release that is over nothing is left to click on, and what is still shown somewhere does nothing.
  await expect.poll(() => at.buttons(), wait).toEqual({});
  await at.click('abort', old['serin.abort']);
  expect(at.said().at(-1)).toMatch(/^abort of web: Nothing was done\./);
  expect(phase()).toBe('Healthy');
  at.cluster.apply('Rollout', manifest('web:v3'));
  await expect
    .poll(() => Object.keys(at.buttons()), wait)
    .toEqual(['serin.promote', 'serin.abort']);
  await at.click('promote', old['serin.promote']);
  expect(at.said().at(-1)).toMatch(/Nothing was done: revision 2 was expected and is 3/);
  await at.click('abort', at.buttons()['serin.abort']);
  await expect.poll(phase, wait).toBe('Degraded');
  const aborted = (await ledger()).filter(({ kind }) => kind === 'aborted');
  expect(aborted).toMatchObject([{ actor: { name: 'slack:T0123456789/U0123456789 (ana)' } }]);
});

it('nobody clicks where no channel has buttons', () => {
  const api = async () => ({ statusCode: 404 });
  const { signingSecret: _, team: __, ...plain } = app;
  const told = { channels: [{ name: 'shop', slack: plain }], policies: '', env: {}, userAgent: '' };
  expect(besideClicks(api, {} as never, told)).toBe(api);
});
