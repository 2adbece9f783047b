import { expect, it } from 'vitest';
import { Transient, Unreachable } from '../../lib/errors.ts';
import type { Channel, Notification } from '../../lib/model/notification.ts';
import { fromTime, hourMs, minuteMs, secondMs } from '../../lib/model/units.ts';
import { noteOutage } from '../../lib/queue/outage.ts';
import { sweep } from '../../lib/queue/sweep.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import { sqliteTable } from '../../lib/store/sqlite.ts';
import { storeOn } from '../../lib/store/store.ts';
import type { World } from '../../lib/world.ts';
import { rollout } from '../simulate/manifests.ts';

const webhook = { url: 'https://ops.example/serin', secret: 'ssm:/serin/messages/ops' };

type Sent = { channel: string; at: number } & Notification;

/** Serin on a simulated cluster, whose channels note what they are given. */
function stage(channels: Channel[], fail: (channel: string, at: number) => Error | undefined) {
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z'));
  const tries: { channel: string; at: number }[] = [];
  const sent: (Omit<Sent, 'at'> & { sentAt: number })[] = [];
  const counted: Record<string, number> = {};
  const store = storeOn(sqliteTable(), clock.now);
  const simulated = simulatedWorld({
    ...{ clock, seed: 1, store },
    count: (name) => {
      counted[name] = (counted[name] ?? 0) + 1;
    },
    messages: {
      channels: async () => channels,
      send: async ({ name: channel }, { at: _, ...notification }) => {
        tries.push({ channel, at: clock.now() });
        const error = fail(channel, clock.now());
        if (error) throw error;
        sent.push({ channel, ...notification, sentAt: clock.now() });
        return {};
      },
    },
  });
  simulated.connect({
    deliver: (message, world) => deliver(world, message),
    sweep: async (world) => void (await sweep(world)),
  });
  const pass = (ms: number) => clock.run({ until: clock.now() + ms, eventsMax: 1_000_000 });
  const kinds = (channel: string) =>
    sent.filter((each) => each.channel === channel).map(({ kind }) => kind);
  return { ...simulated, clock, tries, sent, counted, store, pass, kinds };
}

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image }] },
});

async function released({ cluster, pass }: ReturnType<typeof stage>) {
  const steps = [{ setWeight: 50 }, { pause: {} }];
  const strategy = { canary: { steps } };
  cluster.apply('Rollout', rollout({ strategy, template: template('web:v1') }));
  await pass(minuteMs);
  cluster.apply('Rollout', rollout({ strategy, template: template('web:v2') }));
  await pass(minuteMs);
}

it('tells each channel once of what its rule asks for', async () => {
  const at = stage(
    [
      { name: 'all', webhook },
      { name: 'ends', webhook, kinds: ['completed', 'aborted'] },
      { name: 'elsewhere', webhook, clusters: ['other-*'] },
      { name: 'web', webhook, namespaces: ['sh*'], rollouts: ['*eb'], kinds: ['paused'] },
    ],
    () => undefined,
  );
  await released(at);
  expect(at.kinds('all')).toEqual(['begun', 'completed', 'begun', 'paused']);
  expect(at.kinds('ends')).toEqual(['completed']);
  expect(at.kinds('elsewhere')).toEqual([]);
  expect(at.kinds('web')).toEqual(['paused']);
  expect(at.sent.at(-1)).toMatchObject({
    ...{ version: 1, cluster: 'local', namespace: 'shop', rollout: 'web', revision: 2 },
    ...{ images: ['web:v2'], text: 'Paused at step 2 of 2 (CanaryPauseStep)' },
    actor: { name: 'serin', proof: 'verified' },
    // What a button below it is bound to.
    ...{ stepIndex: 1, podHash: expect.stringMatching(/^[a-z0-9]{5,}$/) },
  });
  expect(new Set(at.sent.map(({ id }) => id)).size).toBe(4);
  expect(at.counted.notifications_sent_total).toBe(6);
  // It is forgotten when nobody can make it a second time.
  expect((await at.store.deliveries('local', { limit: 9 })).items).toHaveLength(4);
  await at.pass(25 * hourMs);
  expect((await at.store.deliveries('local', { limit: 9 })).items).toEqual([]);
  expect(at.sent).toHaveLength(6);
  expect(at.failures).toEqual([]);
});

it('tries a channel that fails for a day, later each time, and holds up no other', async () => {
  const channels: Channel[] = ['good', 'bad'].map((name) => ({ name, webhook, kinds: ['paused'] }));
  const at = stage(channels, (channel) => (channel === 'bad' ? new Error('410 gone') : undefined));
  await released(at);
  expect(at.kinds('good')).toEqual(['paused']);
  const bad = () => at.tries.filter(({ channel }) => channel === 'bad');
  await at.pass(26 * hourMs);
  const waits = bad().map((each, index, all) => each.at - (all[index - 1]?.at ?? each.at));
  const nearly = (seconds: number) => expect.closeTo(seconds, 0);
  expect(waits.slice(1, 6).map((ms) => ms / secondMs)).toEqual([10, 20, 40, 80, 160].map(nearly));
  expect(Math.max(...waits)).toBeLessThan(31 * minuteMs);
  expect(bad().length).toBeGreaterThan(50);
  const [delivery] = (await at.store.deliveries('local', { limit: 9 })).items;
  expect(delivery?.channels).toMatchObject({
    good: { state: 'sent', tries: 1 },
    bad: { state: 'failed', tries: bad().length, said: '410 gone' },
  });
  expect(at.counted.notification_failures_total).toBe(bad().length);
  // What was given up is seen for a week.
  await at.pass(7 * 24 * hourMs);
  expect((await at.store.deliveries('local', { limit: 9 })).items).toEqual([]);
  expect(at.kinds('good')).toEqual(['paused']);
});

it('waits as long as a receiver asks for', async () => {
  let times = 0;
  const at = stage([{ name: 'slow', webhook, kinds: ['paused'] }], () => {
    times += 1;
    const error = new Transient('429 Too Many Requests');
    return times === 1 ? Object.assign(error, { retryAfterMs: 5 * minuteMs }) : undefined;
  });
  await released(at);
  await at.pass(10 * minuteMs);
  const [first, second, ...rest] = at.tries.map((each) => each.at);
  expect(rest).toEqual([]);
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(5 * minuteMs);
  expect((second ?? 0) - (first ?? 0)).toBeLessThan(5 * minuteMs + 2 * secondMs);
});

it('sends once where wakes come twice, and at last where one is lost', async () => {
  const at = stage([{ name: 'all', webhook, kinds: ['paused'] }], () => undefined);
  await released(at);
  const [delivery] = (await at.store.deliveries('local', { limit: 9 })).items;
  if (!delivery) throw new Error('there is none');
  for (let times = 0; times < 5; times += 1) await at.world.wakes.send({ key: delivery.key }, 0);
  await at.pass(minuteMs);
  expect(at.kinds('all')).toEqual(['paused']);
  const { channels: before } = delivery;
  const lost = { tries: before.all?.tries ?? 0, state: 'open' as const, nextAt: at.clock.now() };
  const due = { dueAt: at.clock.now(), queuedFor: at.clock.now() };
  await at.store.save({ ...delivery, ...due, channels: { all: lost } });
  await at.pass(3 * minuteMs);
  expect(at.kinds('all')).toEqual(['paused', 'paused']);
});

it('tells of a cluster that does not answer, once it was tried a few times', async () => {
  const at = stage([{ name: 'all', webhook, namespaces: ['shop'] }], () => undefined);
  const silent = new Unreachable('connect ECONNREFUSED 10.0.0.1:443');
  // Nobody tries it meanwhile, as the simulated cluster would answer.
  const wakes: World['wakes'] = {
    send: async (message, ms) =>
      'list' in message ? undefined : await at.world.wakes.send(message, ms),
  };
  for (let times = 0; times < 6; times += 1) {
    expect(at.sent).toHaveLength(times < 3 ? 0 : 1);
    await noteOutage({ ...at.world, wakes }, 'local', silent);
    await at.pass(6 * secondMs);
  }
  const text =
    'The cluster does not answer, so releases there wait: connect ECONNREFUSED 10.0.0.1:443';
  expect(at.sent).toMatchObject([{ kind: 'clusterUnreachable', text }]);
});

it('makes nothing where no channel wants it', async () => {
  const at = stage([{ name: 'aborts', webhook, kinds: ['aborted'] }], () => undefined);
  await released(at);
  expect((await at.store.deliveries('local', { limit: 9 })).items).toEqual([]);
  expect(at.tries).toEqual([]);
});
