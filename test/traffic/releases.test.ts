import { describe, expect, it } from 'vitest';
import { failures } from './client.ts';
import type { RouterName } from './routers.ts';
import { openShop, type Shop, type ShopOptions, told, tolerance, weights } from './shop.ts';
import { withStage } from './stage.ts';

const stage = withStage();

async function measures(shop: Shop, version: string, asked: number): Promise<void> {
  const { share, requests } = await shop.measure(version, asked);
  expect(requests, 'requests in the time measured').toBeGreaterThan(300);
  expect(Math.abs(share - asked), `${share} % of requests, not ${asked} %`).toBeLessThan(tolerance);
}

/** A release to its end, and one that is aborted half-way. */
async function plays(story: string, options: ShopOptions): Promise<void> {
  const shop = await openShop(stage(), options);
  try {
    await shop.release('v2');
    for (const [index, weight] of weights.entries()) {
      await shop.reaches('Paused', 2 * index + 1);
      await measures(shop, 'v2', weight);
      await shop.promote();
    }
    await shop.reaches('Healthy');
    await measures(shop, 'v2', 100);
    await shop.shrinks();
    await shop.release('v3');
    await shop.reaches('Paused', 1);
    await shop.promote();
    await shop.reaches('Paused', 3);
    await measures(shop, 'v3', 50);
    await shop.abort();
    await shop.reaches('Degraded');
    await measures(shop, 'v3', 0);
    await shop.shrinks();
  } finally {
    await shop.close();
    console.log(told(story, shop));
  }
  expect(failures(shop.client.answers)).toEqual([]);
}

describe('a canary', () => {
  it.concurrent.each<[RouterName, string]>([
    ['NGINX Ingress', 'nginx'],
    ['TraefikService', 'traefik'],
    ['HTTPRoute', 'gateway'],
  ])('by %s gets what each step asks for, and no request fails', (router, name) =>
    plays(router, { name, router }),
  );
});

describe('a ping-pong canary', () => {
  it.concurrent.each<[RouterName, string]>([
    ['TraefikService', 'traefik-ping-pong'],
    ['HTTPRoute', 'gateway-ping-pong'],
  ])('by %s gets what each step asks for, and no request fails', (router, name) =>
    plays(`${router}, ping-pong`, { name, router, pingPong: true }),
  );
});
