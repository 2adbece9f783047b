import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MissingRight, Unreachable } from '../../lib/errors.ts';
import { kubernetesCluster, type WatchedCluster } from '../../lib/kubernetes/kubernetes.ts';
import { type Held, heldLease, type LeaseTimes, whileHeld } from '../../lib/kubernetes/lease.ts';
import { servedSimulation } from './serve.ts';

const place = { namespace: 'serin', name: 'run' };
const ref = { kind: 'Lease', ...place } as const;
/** Shorter than the real ones, and long enough for a machine that is busy. */
const times: LeaseTimes = { durationMs: 4000, deadlineMs: 3000, renewMs: 200, lookMs: 100 };

async function stage() {
  const { server, close } = await servedSimulation();
  onTestFinished(close);
  const live = kubernetesCluster({ signIn: async () => ({ server }), doorbell: true });
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const said: string[] = [];
  const contend = async (identity: string, cluster: WatchedCluster = live): Promise<Held> => {
    const held = await heldLease(cluster, {
      ...{ ...place, identity, times, signal: over.signal },
      log: (_, message) => void said.push(`${identity}: ${message}`),
      onHolder: (holder) => void said.push(`${identity} waits for ${holder}`),
    });
    if (!held) throw new Error('it was stopped');
    onTestFinished(held.release);
    return held;
  };
  return { live, contend, said, spec: async () => (await live.get(ref)).spec };
}

/** A client whose connection can be cut. */
function cuttable(live: WatchedCluster) {
  let isCut = false;
  const call = async <T>(go: () => Promise<T>): Promise<T> => {
    if (isCut) throw new Unreachable('the network is gone');
    return await go();
  };
  const cluster: WatchedCluster = {
    ...live,
    get: (at) => call(() => live.get(at)),
    patch: (at, patch, how) => call(() => live.patch(at, patch, how)),
    create: (kind, object, how) => call(() => live.create(kind, object, how)),
  };
  const cut = (): void => {
    isCut = true;
  };
  return { cluster, cut };
}

describe('a Lease', () => {
  it('is taken by one, renewed, and given back for another to take at once', async () => {
    const { contend, said, spec } = await stage();
    const first = await contend('a');
    const taken = await spec();
    expect(taken).toMatchObject({
      ...{ holderIdentity: 'a', leaseDurationSeconds: 4, leaseTransitions: 0 },
      acquireTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    });
    const second = contend('b');
    // Longer than it lasts without a renewal.
    await delay(5000);
    const renewed = await spec();
    expect(renewed).toMatchObject({ holderIdentity: 'a', acquireTime: taken?.acquireTime });
    expect(renewed?.renewTime?.localeCompare(taken?.renewTime ?? '')).toBe(1);
    await first.release();
    const releasedAt = performance.now();
    expect(first.isHeld()).toBe(false);
    expect((await second).isHeld()).toBe(true);
    expect(performance.now() - releasedAt).toBeLessThan(3000);
    expect(await spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    expect(said).toEqual(['b waits for a']);
  });

  it('is lost by one that cannot renew it, before another has it', async () => {
    const { live, contend, spec } = await stage();
    const { cluster, cut } = cuttable(live);
    const first = await contend('a', cluster);
    const second = contend('b');
    await delay(300);
    const order: string[] = [];
    first.lost.addEventListener('abort', () => order.push('lost'));
    cut();
    const cutAt = performance.now();
    const held = await second.finally(() => order.push('taken'));
    expect(order).toEqual(['lost', 'taken']);
    expect(performance.now() - cutAt).toBeGreaterThan(times.deadlineMs);
    expect([first.isHeld(), held.isHeld()]).toEqual([false, true]);
    expect((await spec())?.holderIdentity).toBe('b');
  });

  it('lets nothing be written by one that has lost it', async () => {
    const { live, contend } = await stage();
    const { cluster, cut } = cuttable(live);
    const held = await contend('a', cluster);
    const guarded = whileHeld(live, held);
    const job = (name: string) => ({ metadata: { namespace: 'serin', name } });
    await guarded.create('PodTemplate', job('first'));
    cut();
    await delay(times.deadlineMs + 200);
    await expect(guarded.create('PodTemplate', job('second'))).rejects.toThrow(/not held any more/);
    expect((await live.list('PodTemplate', 'serin')).map(({ metadata }) => metadata?.name)).toEqual(
      ['first'],
    );
  });

  it('is lost to one that took it all the same', async () => {
    const { live, contend, said } = await stage();
    const held = await contend('a');
    await live.patch(ref, { spec: { holderIdentity: 'somebody' } });
    await expect.poll(() => held.isHeld(), { timeout: 10_000 }).toBe(false);
    await held.release();
    expect((await live.get(ref)).spec?.holderIdentity).toBe('somebody');
    expect(said).toEqual(['a: the lease is lost']);
  });

  it('of one whose clock is wrong is left alone for its whole time', async () => {
    const { live, contend } = await stage();
    const spec = { holderIdentity: 'old', leaseDurationSeconds: 2 };
    const renewTime = '2020-01-01T00:00:00.000000Z';
    await live.create('Lease', { metadata: place, spec: { ...spec, renewTime } });
    const startedAt = performance.now();
    await contend('b');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1990);
  });

  it('that may not be written ends the wait', async () => {
    const { live, contend } = await stage();
    const create = async () => {
      throw new MissingRight('create Lease serin/run is forbidden', '');
    };
    await expect(contend('a', { ...live, create })).rejects.toThrow(/is forbidden/);
  });
});
