import { generateKeyPair, type JWTPayload, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { path } from '../api/support.ts';
import { makeAccess, settingsText, startIssuer } from './support.ts';

const minuteMs = 60_000;

async function stage(over: object = {}, claims: JWTPayload = {}) {
  const issuer = await startIssuer(claims);
  const settings = { name: 'own', issuer: issuer.url, audience: 'serin', ...over };
  const made = await makeAccess(settingsText([settings]));
  return { issuer, settings, ...made };
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

describe('a token of an issuer', () => {
  it('lets its owner in, and may be sent again as long as it lives', async () => {
    const { issuer, status, who, pass } = await stage();
    const token = await issuer.sign();
    expect([await status(token), await status(token)]).toEqual([200, 200]);
    expect(await who(token)).toMatchObject({
      actor: { name: 'own:ada', proof: 'verified' },
      principal: { kind: 'identity', id: 'own:ada', groups: [], claims: { sub: 'ada' } },
    });
    pass(9 * minuteMs);
    expect(await status(token)).toBe(200);
    pass(2 * minuteMs);
    expect(await status(token)).toBe(401);
    // The keys are fetched once, not once a call; they are believed for ten minutes.
    expect(issuer.asked).toEqual({ discovery: 1, keys: 2 });
  });

  it.each([
    ['a clock 5 minutes behind', { iat: -300, exp: 0 }, 200],
    ['a clock 5 minutes ahead', { iat: 300, nbf: 300, exp: 600 }, 200],
    ['expired', { iat: -900, exp: -320 }, 401],
    ['not valid yet', { iat: 0, nbf: 320, exp: 900 }, 401],
    ['issued in the future', { iat: 320, exp: 900 }, 401],
    ['older than the settings allow', { iat: -66 * 60, exp: 300 }, 401],
    ['as old as the settings allow', { iat: -60 * 60, exp: 300 }, 200],
  ])('%s', async (_name, times, wanted) => {
    const { issuer, status } = await stage();
    const claims = Object.entries(times).map(([claim, seconds]) => [claim, now() + seconds]);
    expect(await status(await issuer.sign(Object.fromEntries(claims)))).toBe(wanted);
  });

  it.each<[string, JWTPayload]>([
    ['another audience', { aud: 'https://github.com/acme' }],
    ['several audiences, none of them Serin', { aud: ['a', 'Serin', 'serin '] }],
    ['no audience', { aud: undefined as never }],
    ['an empty audience', { aud: '' }],
    ['no end', { exp: undefined as never }],
    ['no time of issue', { iat: undefined as never }],
    ['no subject', { sub: undefined as never }],
    ['an end that is no number', { exp: '9999999999' as never }],
    ['another issuer in it', { iss: 'https://issuer.example' }],
    ['an issuer that only begins the same', { iss: 'http://127.0.0.1' }],
  ])('%s is 401', async (_name, over) => {
    const { issuer, status, api } = await stage();
    expect(await status(await issuer.sign(over))).toBe(401);
    expect(api.invoked).toEqual([]);
  });

  it('is not believed of another issuer, though that one is trusted too', async () => {
    const [one, two] = [await startIssuer(), await startIssuer()];
    const settings = [one, two].map(({ url }, index) => ({
      name: `issuer-${index}`,
      issuer: url,
      audience: 'serin',
    }));
    const { status } = await makeAccess(settingsText(settings));
    expect(await status(await two.sign({ iss: one.url }))).toBe(401);
    expect(await status(await two.sign())).toBe(200);
  });

  it('tells the log why it was refused, and the sender nothing', async () => {
    const { issuer, api, reasons } = await stage();
    const token = await issuer.sign({ aud: 'other' });
    const { body } = await api.get(path, { token });
    expect(body.detail).toBe(
      'The request has no valid token. Send one as Authorization: Bearer TOKEN.',
    );
    expect(reasons()).toContain('own: its audience is other');
    expect(reasons()).not.toContain(token.split('.')[2]);
  });
});

describe('a forged token', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('of another key under the same name is 401', async () => {
    const { issuer, status } = await stage();
    const { privateKey } = await generateKeyPair('ES256');
    expect(await status(await issuer.sign({}, { key: privateKey }))).toBe(401);
  });

  it('with another body, another signature, or none is 401', async () => {
    const { issuer, status } = await stage();
    const [header = '', body = '', signature = ''] = (await issuer.sign()).split('.');
    const changed = { ...JSON.parse(Buffer.from(body, 'base64url').toString()), sub: 'root' };
    const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    for (const token of [
      `${header}.${part(changed)}.${signature}`,
      `${header}.${body}.${flipped}`,
      `${header}.${body}.`,
      `${header}.${body}`,
      `${header}.${body}.${signature}.${signature}`,
      `.${body}.${signature}`,
      '..',
      'a.b.c',
      body,
      'x'.repeat(20_000),
    ]) {
      expect(await status(token)).toBe(401);
    }
  });

  it.each(['none', 'None', 'NONE', ''])('with the algorithm %j is 401', async (alg) => {
    const { issuer, status } = await stage();
    const claims = { iss: issuer.url, aud: 'serin', sub: 'ada', iat: now(), exp: now() + 300 };
    const [, body = ''] = new UnsecuredJWT(claims).encode().split('.');
    for (const signature of ['', 'AAAA']) {
      expect(await status(`${part({ alg, typ: 'JWT' })}.${body}.${signature}`)).toBe(401);
    }
  });

  it.each(['HS256', 'HS384', 'HS512'])('with the public key as %s secret is 401', async (alg) => {
    const { issuer, status } = await stage();
    const { exportJWK, exportSPKI } = await import('jose');
    const { publicKey } = issuer.pairs.get('first')!;
    for (const secret of [
      await exportSPKI(publicKey),
      JSON.stringify(await exportJWK(publicKey)),
    ]) {
      const token = await issuer.sign({}, { key: new TextEncoder().encode(secret), alg });
      expect(await status(token)).toBe(401);
    }
  });

  it('is not helped by a shared secret among the keys of the issuer', async () => {
    const { issuer, status } = await stage();
    const key = new TextEncoder().encode('a secret that the issuer has published'.repeat(2));
    const k = Buffer.from(key).toString('base64url');
    issuer.mood.keys = { keys: [{ kty: 'oct', kid: 'first', alg: 'HS256', k }] };
    expect(await status(await issuer.sign({}, { key, alg: 'HS256' }))).toBe(401);
  });

  it('that brings its own key, or says where to fetch it, is 401', async () => {
    const evil = await startIssuer();
    const { issuer, status } = await stage();
    const { exportJWK, SignJWT } = await import('jose');
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const claims = { iss: issuer.url, aud: 'serin', sub: 'ada', iat: now(), exp: now() + 300 };
    for (const more of [
      { jwk: await exportJWK(publicKey) },
      { jku: `${evil.url}/keys` },
      { x5u: `${evil.url}/keys` },
      { crit: ['b64'], b64: false },
      { kid: '../../first' },
    ]) {
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: 'first', ...more } as never)
        .sign(privateKey)
        .catch(() => `${part({ alg: 'ES256', kid: 'first', ...more })}.${part(claims)}.AAAA`);
      expect(await status(token)).toBe(401);
    }
    expect(evil.asked).toEqual({ discovery: 0, keys: 0 });
  });
});

describe('the keys of an issuer', () => {
  const evil = 'http://127.0.0.1:9/keys';

  it('may be rotated: a new one works in half a minute, a removed one ten minutes more', async () => {
    const { issuer, status, pass } = await stage();
    const old = await issuer.sign({ exp: now() + 3000 });
    expect(await status(old)).toBe(200);
    await issuer.addKey('second');
    const fresh = await issuer.sign({ exp: now() + 3000 }, { kid: 'second' });
    expect(await status(fresh)).toBe(401);
    pass(31_000);
    expect(await status(fresh)).toBe(200);
    issuer.pairs.delete('first');
    expect(await status(old)).toBe(200);
    pass(10 * minuteMs + 1000);
    expect([await status(old), await status(fresh)]).toEqual([401, 200]);
  });

  it('are not fetched for every unknown name of a key', async () => {
    const { issuer, status, pass } = await stage();
    await issuer.sign().then(status);
    const { privateKey: key } = await generateKeyPair('ES256');
    for (let minute = 0; minute < 2; minute += 1) {
      const flood = Array.from({ length: 50 }, async (_, index) =>
        status(await issuer.sign({}, { kid: `unknown-${index}`, key })),
      );
      expect(new Set(await Promise.all(flood))).toEqual(new Set([401]));
      pass(minuteMs);
    }
    expect(issuer.asked.discovery).toBe(1);
    expect(issuer.asked.keys).toBeLessThanOrEqual(2);
    expect(await status(await issuer.sign())).toBe(200);
  });

  it.each([
    ['answers 500', { status: 500 }],
    ['redirects', { status: 302 }],
    ['is another one', { status: 200, discovery: { issuer: 'https://other.example' } }],
    ['has its keys where anybody can change them', { status: 200, discovery: { jwks_uri: evil } }],
    ['names no keys', { status: 200, keys: { keys: 'none' } }],
    ['is too long', { status: 200, keys: { keys: [], more: 'x'.repeat(600_000) } }],
  ])('when it %s: 503, and it is left alone for a while', async (_name, mood) => {
    const { issuer, api, pass } = await stage();
    const { discovery } = mood as { discovery?: object };
    const usual = { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` };
    Object.assign(issuer.mood, mood, discovery && { discovery: { ...usual, ...discovery } });
    const token = await issuer.sign({ exp: now() + 3000 });
    for (let times = 0; times < 5; times += 1) {
      const { status, body } = await api.post('abort', { token });
      expect([status, body.type]).toEqual([503, '/problems/unavailable']);
      expect(body.detail).toContain('kubectl argo rollouts abort front-api -n shop');
    }
    // Each of the five waited some seconds, and the issuer was asked less often each time.
    expect(issuer.asked.discovery + issuer.asked.keys).toBeLessThanOrEqual(6);
    Object.assign(issuer.mood, { status: 200, discovery: undefined, keys: undefined });
    pass(11_000);
    expect((await api.get(path, { token })).status).toBe(200);
  });

  it('still hold for an hour when it does not answer any more: an abort must not wait for it', async () => {
    const { issuer, status, pass } = await stage({ maxAge: '24h' });
    const token = await issuer.sign({ exp: now() + 80_000 });
    expect(await status(token)).toBe(200);
    issuer.mood.status = 500;
    pass(50 * minuteMs);
    expect(await status(token)).toBe(200);
    pass(11 * minuteMs);
    expect(await status(token)).toBe(503);
    issuer.mood.status = 200;
    pass(11_000);
    expect(await status(token)).toBe(200);
  });
});
