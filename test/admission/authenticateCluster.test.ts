import { describe, expect, it } from 'vitest';
import { Transient } from '../../lib/errors.ts';
import { minuteMs, secondMs } from '../../lib/model/units.ts';
import { newSecret, secretHash } from '../../lib/registry/webhookSecret.ts';
import { make, start } from '../make.ts';
import { doorbellStage, resources, reviewOf } from './stage.ts';

const created = { resource: resources.rollouts, operation: 'CREATE', object: make.rollout() };

describe('who may ring', () => {
  it('has 256 bits to name', () => {
    expect(Buffer.from(newSecret(), 'base64url')).toHaveLength(32);
    expect(newSecret()).not.toBe(newSecret());
  });

  it.each([
    ['another secret', () => `/v1/doorbell/prod/${newSecret()}`],
    ['no secret', () => '/v1/doorbell/prod/'],
    ['the hash in its place', () => `/v1/doorbell/prod/${secretHash('x')}`],
    ['a cluster nobody registered', (secret: string) => `/v1/doorbell/other/${secret}`],
    ['more of a path', (secret: string) => `/v1/doorbell/prod/${secret}/x`],
    ['a name that is no text', (secret: string) => `/v1/doorbell/%E0%A4/${secret}`],
    ['a name that is too long', (secret: string) => `/v1/doorbell/${'x'.repeat(101)}/${secret}`],
    ['another path', (secret: string) => `/v1/doorbel/prod/${secret}`],
  ])('not with %s: the same nothing', async (_, pathOf) => {
    const { post, secret, sent } = await doorbellStage();
    const body = JSON.stringify(reviewOf(created));
    expect(await post(pathOf(secret), body)).toEqual({ status: 404, text: '' });
    expect(sent).toEqual([]);
  });

  it('not by GET', async () => {
    const { post, secret } = await doorbellStage();
    expect((await post(`/v1/doorbell/prod/${secret}`, '', 'GET')).status).toBe(404);
  });

  it('with the old secret until its time is up, and with the new one', async () => {
    const { clock, register, ring, secret } = await doorbellStage();
    const next = newSecret();
    const until = start + 24 * 60 * minuteMs;
    await register({
      secrets: [{ sha256: secretHash(secret), until }, { sha256: secretHash(next) }],
    });
    const by = async (text: string) => (await ring(created, `/v1/doorbell/prod/${text}`)).status;
    expect([await by(secret), await by(next)]).toEqual([200, 200]);
    clock.set(until - 1);
    expect([await by(secret), await by(next)]).toEqual([200, 200]);
    clock.set(until);
    expect([await by(secret), await by(next)]).toEqual([404, 200]);
  });

  it('with a new secret within a second, although the entry was read before', async () => {
    const { clock, register, ring } = await doorbellStage();
    await ring(created);
    const next = newSecret();
    await register({ secrets: [{ sha256: secretHash(next) }] });
    const path = `/v1/doorbell/prod/${next}`;
    expect((await ring(created, path)).status).toBe(404);
    clock.set(start + secondMs);
    expect((await ring(created, path)).status).toBe(200);
  });

  it('costs one read for each name and while, however often it is tried', async () => {
    const { clock, counted, ring, secret } = await doorbellStage();
    const strangers = Array.from({ length: 50 }, () => ring(created, `/v1/doorbell/no/${secret}`));
    await Promise.all(strangers);
    expect(counted.reads).toBe(1);
    for (let times = 0; times < 50; times += 1) await ring(created, '/v1/doorbell/prod/wrong');
    expect(counted.reads).toBe(2);
    for (let times = 0; times < 50; times += 1) await ring(created);
    expect(counted.reads).toBe(2);
    clock.set(start + secondMs);
    for (let times = 0; times < 50; times += 1) await ring(created, '/v1/doorbell/prod/wrong');
    expect(counted.reads).toBe(3);
  });

  it('is let through by whoever is known, while the table does not answer', async () => {
    const failing = { isSo: false };
    const stage = await doorbellStage({
      store: (store) => ({
        ...store,
        documents: {
          ...store.documents,
          get: async (key) => {
            if (failing.isSo) throw new Transient('throttled');
            return await store.documents.get(key);
          },
        },
      }),
    });
    await stage.register({ enforce: true });
    const faulty = {
      ...created,
      object: make.rollout({ spec: { minReadySeconds: -1 } }),
    };
    expect((await stage.ring(faulty)).response).toMatchObject({ allowed: false });
    stage.clock.set(start + 5 * minuteMs);
    failing.isSo = true;
    expect((await stage.ring(created)).response.allowed).toBe(true);
    expect(stage.sent).toHaveLength(1);
    // What may be out of date refuses nothing.
    const { response } = await stage.ring(faulty);
    expect(response.allowed).toBe(true);
    expect(response.warnings[0]).toMatch(/minReadySeconds must be 0 or more/);
  });

  it('passes a write unseen where the table never answered', async () => {
    const stage = await doorbellStage({
      store: (store) => ({
        ...store,
        documents: { ...store.documents, get: () => Promise.reject(new Transient('throttled')) },
      }),
    });
    const { status, response } = await stage.ring(created);
    expect({ status, response }).toEqual({ status: 200, response: { uid: 'a-1', allowed: true } });
    expect(stage.sent).toEqual([]);
  });

  it('answers in time where the table hangs', async () => {
    const stage = await doorbellStage({
      store: (store) => ({
        ...store,
        documents: { ...store.documents, get: () => new Promise<never>(() => {}) },
      }),
    });
    const since = Date.now();
    expect((await stage.ring(created)).response.allowed).toBe(true);
    expect(Date.now() - since).toBeLessThan(1900);
  });
});
