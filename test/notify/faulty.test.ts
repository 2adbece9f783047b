import { expect, it } from 'vitest';
import { Transient } from '../../lib/errors.ts';
import type { DeliveryRecord } from '../../lib/model/notification.ts';
import { fromTime, minuteMs } from '../../lib/model/units.ts';
import { notificationOf } from '../../lib/notify/notification.ts';
import { sweep } from '../../lib/queue/sweep.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { randomFrom } from '../../lib/simulate/random.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import type { Store } from '../../lib/world.ts';
import { rollout } from '../simulate/manifests.ts';

// A table that fails now and then, before a write or after it: all that the ledger has is told, and nothing
// that it has not. Twice only what was sent and could not be noted.

const key = { cluster: 'local', namespace: 'shop', name: 'web' };

function faulty(store: Store, seed: number, failed: (record: unknown) => void): Store {
  const random = randomFrom(seed);
  const write = async <T>(effect: () => Promise<T>, record?: unknown): Promise<T> => {
    const fate = random.below(8);
    if (fate < 2) failed(record);
    if (fate === 0) throw new Transient('the table throttles');
    const done = await effect();
    if (fate === 1) throw new Transient('the answer is lost');
    return done;
  };
  return {
    ...store,
    save: (record) => write(() => store.save(record), record),
    append: (of, entry) => write(() => store.append(of, entry)),
  };
}

it.each([1, 2, 3, 4, 5, 6])('everything is told, whatever the table does (%i)', async (seed) => {
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z'));
  const sound = memoryStore(clock);
  const unnoted = new Map<string, number>();
  const store = faulty(sound, seed, (record) => {
    const { notification } = (record ?? {}) as Partial<DeliveryRecord>;
    if (notification) unnoted.set(notification.id, (unnoted.get(notification.id) ?? 0) + 1);
  });
  const sent: string[] = [];
  const webhook = { url: 'https://ops.example', secret: 'ssm:/serin/messages/ops' };
  const { cluster, connect } = simulatedWorld({
    ...{ clock, seed, store },
    messages: {
      channels: async () => [{ name: 'ops', webhook }],
      send: async (_, { id }) => {
        sent.push(id);
        return {};
      },
    },
  });
  connect({
    deliver: (message, world) => deliver(world, message),
    sweep: async (world) => void (await sweep(world)),
  });
  const pass = (ms: number) => clock.run({ until: clock.now() + ms, eventsMax: 1_000_000 });
  const strategy = { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } };
  for (const image of ['web:v1', 'web:v2', 'web:v3']) {
    const template = {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image }] },
    };
    cluster.apply('Rollout', rollout({ strategy, template }));
    await pass(15 * minuteMs);
  }
  const { items } = await sound.ledger(key, { limit: 100 });
  const told = items.flatMap((entry) => notificationOf(key, entry, blankRecord(key))?.id ?? []);
  expect(told.length).toBeGreaterThanOrEqual(5);
  expect(new Set(sent)).toEqual(new Set(told));
  for (const id of told) {
    const times = sent.filter((each) => each === id).length;
    expect(times).toBeLessThanOrEqual(1 + (unnoted.get(id) ?? 0));
  }
});
