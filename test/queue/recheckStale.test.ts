import { describe, expect, it } from 'vitest';
import { readWake } from '../../lib/queue/message.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import type { Before, QueueMessage, World } from '../../lib/world.ts';
import { key } from '../faults/stage.ts';
import { openRelease } from '../simulate/releasesStage.ts';

type Sent = { message: QueueMessage; delayMs: number };

/** A healthy rollout, and what a delivery there sends. */
async function stage() {
  const release = await openRelease({ strategy: { canary: { steps: [{ pause: {} }] } } });
  const sent: Sent[] = [];
  const { world } = release.simulated;
  const wakes = {
    send: async (message: QueueMessage, delayMs: number) => void sent.push({ message, delayMs }),
  };
  const take = async (
    before: Omit<Before, 'looks'>,
    looks = 0,
    over: Partial<World> = {},
    name = key.name,
  ) => {
    sent.length = 0;
    const message = { key: { ...key, name }, before: { ...before, looks } };
    const taken = deliver({ ...world, wakes, ...over }, message);
    await release.pass(1000);
    await taken;
    return sent.filter(({ message }) => 'before' in message);
  };
  const { uid = '', resourceVersion = '' } = release.dog.live()?.metadata ?? {};
  return { release, take, uid, resourceVersion };
}

describe('a turn that a notice brought about', () => {
  it('looks again after 2, 8 and 30 s while the write does not show, and then no more', async () => {
    const { take, uid, resourceVersion } = await stage();
    const delays: (number | undefined)[] = [];
    for (const looks of [0, 1, 2, 3]) {
      const [again] = await take({ uid, resourceVersion }, looks);
      delays.push(again?.delayMs);
      const before = { uid, resourceVersion, looks: looks + 1 };
      if (again) expect(again.message).toEqual({ key, before });
    }
    expect(delays).toEqual([2000, 8000, 30_000, undefined]);
  });

  it('looks once where the write shows', async () => {
    const { take, uid } = await stage();
    expect(await take({ uid, resourceVersion: 'older' })).toEqual([]);
  });

  it('looks again for a ReplicaSet’s write', async () => {
    const { release, take } = await stage();
    const { uid = '', resourceVersion = '' } = release.setOf('web:v1')?.metadata ?? {};
    expect(await take({ uid, resourceVersion })).toHaveLength(1);
    expect(await take({ uid, resourceVersion: 'older' })).toEqual([]);
    expect(await take({ uid: 'deleted since', resourceVersion })).toEqual([]);
  });

  it('looks again for a rollout that is not there yet', async () => {
    const { take, uid } = await stage();
    const none = { uid: 'new', resourceVersion: '' };
    expect(await take(none, 0, {}, 'new')).toMatchObject([{ delayMs: 2000 }]);
    expect(await take({ uid, resourceVersion: '' })).toEqual([]);
  });

  it('looks again where another process was at it, which may have looked before the write', async () => {
    const { release, take, uid } = await stage();
    const { store, clock } = release.simulated.world;
    const record = await store.load(key);
    if (!record) throw new Error('there is no record');
    await store.save({ ...record, lease: { by: 'another', until: clock.now() + 9000 } });
    expect(await take({ uid, resourceVersion: 'older' })).toMatchObject([{ delayMs: 2000 }]);
  });

  it('is told so through the queue', () => {
    const before = { uid: 'u', resourceVersion: '7', looks: 1 };
    expect(readWake(JSON.stringify({ key, before }))).toEqual({ key, before });
    for (const odd of [7, null, {}, { ...before, looks: 'x' }, { ...before, uid: 7 }])
      expect(readWake(JSON.stringify({ key, before: odd }))).toEqual({ key });
  });
});
