import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CanaryStep } from '../../lib/model/argo.generated.ts';
import { type Answer, failures, shares } from './client.ts';
import { dyingPods } from './dyingPods.ts';
import type { RouterName } from './routers.ts';
import { openShop, type Shop, type ShopOptions, told, tolerance } from './shop.ts';
import { withStage } from './stage.ts';

const stage = withStage();
const each: [RouterName, string][] = [
  ['NGINX Ingress', 'nginx'],
  ['TraefikService', 'traefik'],
  ['HTTPRoute', 'gateway'],
];
/** It ends by itself after eighteen seconds and a little. */
const timed: CanaryStep[] = [20, 50, 80].flatMap((setWeight) => [
  { setWeight },
  { pause: { duration: 6 } },
]);
/** So many that a version with a fifth of the requests has two pods. */
const replicas = 10;

async function closes(story: string, ...shops: Shop[]): Promise<void> {
  for (const shop of shops) {
    await shop.close();
    console.log(told(`${story}, ${shop.namespace}`, shop));
  }
}

/** A whole release while pods go, which fails no request. */
async function releasesWhile(
  how: 'evict' | 'kill',
  story: string,
  options: Pick<ShopOptions, 'name' | 'router' | 'retries'>,
): Promise<void> {
  const shop = await openShop(stage(), { ...options, replicas, steps: timed });
  const dying = await dyingPods(stage(), options.name, how);
  try {
    await shop.release('v2');
    await shop.reaches('Healthy', timed.length);
    await dying.stop();
    await shop.measure('v2', 100);
    await shop.shrinks();
  } finally {
    await dying.stop();
    await closes(`${dying.count()} pods ${story}`, shop);
  }
  expect(dying.count()).toBeGreaterThan(5);
  expect(shop.measured[0]?.share).toBe(100);
  const failed = failures(shop.client.answers);
  if (how === 'evict') expect(failed).toEqual([]);
  const ends = stage().backends.endedAt;
  expect(failed.filter((each) => !ends.some((endedAt) => isCut(each, endedAt)))).toEqual([]);
}

/** Until the gateway hears that its connections to a pod are reset. */
const hearMs = 100;

/** A pod had the request when it died, or its connection was taken just then: no gateway sends that again. */
function isCut({ at, failedAt = at }: Answer, endedAt: number): boolean {
  return at <= endedAt + hearMs && failedAt >= endedAt;
}

describe('while pods are evicted', () => {
  it.concurrent.each(each)('a release by %s fails no request', (router, name) =>
    releasesWhile('evict', 'evicted', { name: `${name}-evictions`, router }),
  );
});

describe('while pods die at once', () => {
  it.concurrent.each(each)(
    'a release by %s fails no request but those that a pod had when it died',
    (router, name) =>
      releasesWhile('kill', 'dead at once', { name: `${name}-deaths`, router, retries: true }),
  );
});

describe('while the gateway is down', () => {
  it('an abort is carried out, and nothing goes to the canary from its first answer on', async () => {
    const shops = await Promise.all(
      each.map(([router, name]) => openShop(stage(), { name: `${name}-down`, router })),
    );
    const all = <T>(what: (shop: Shop) => Promise<T>) => Promise.all(shops.map(what));
    let downAt = 0;
    let upAt = 0;
    try {
      await all((shop) => shop.release('v2'));
      await all((shop) => shop.reaches('Paused', 1));
      await all((shop) => shop.promote());
      await all((shop) => shop.reaches('Paused', 3));
      for (const { share } of await all((shop) => shop.measure('v2', 50))) {
        expect(Math.abs(share - 50)).toBeLessThan(tolerance);
      }
      downAt = Date.now();
      await stage().gateway.kill();
      await all((shop) => shop.abort());
      await all((shop) => shop.reaches('Degraded'));
      await all((shop) => shop.shrinks());
      await stage().gateway.start();
      upAt = Date.now();
      await all((shop) => shop.measure('v2', 0));
    } finally {
      await closes('an abort while the gateway is down', ...shops);
    }
    for (const { client, namespace } of shops) {
      // Its last requests were under way when it went down, and it needs its routes when it is up.
      const before = failures(client.answers, 0, downAt - 100);
      const after = failures(client.answers, upAt + 2000);
      expect([...before, ...after], namespace).toEqual([]);
      expect(shares(client.answers, upAt), namespace).toEqual({ v1: 100 });
    }
  });
});

describe('while serin run is killed', () => {
  it('and started again, at random moments, releases go on and no request fails', async () => {
    const shops = await Promise.all(
      each.map(([router, name]) =>
        openShop(stage(), { name: `${name}-kill`, router, steps: timed }),
      ),
    );
    const all = <T>(what: (shop: Shop) => Promise<T>) => Promise.all(shops.map(what));
    const moments: number[] = [];
    try {
      await all((shop) => shop.release('v2'));
      for (let kills = 0; kills < 4; kills += 1) {
        const afterMs = Math.round(Math.random() * 4000);
        moments.push(afterMs);
        await delay(afterMs);
        await stage().killSerin();
        await delay(500);
        await stage().startSerin();
      }
      await all((shop) => shop.reaches('Healthy', timed.length));
      await all((shop) => shop.measure('v2', 100));
      await all((shop) => shop.shrinks());
    } finally {
      await closes(`killed each time after ${moments.join(', ')} ms`, ...shops);
    }
    for (const { client, measured, namespace } of shops) {
      expect(measured[0]?.share, namespace).toBe(100);
      expect(failures(client.answers), namespace).toEqual([]);
    }
  });
});
