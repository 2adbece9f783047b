import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { onTestFinished, vi } from 'vitest';
import { access } from '../../lib/access/access.ts';
import { settingsKey } from '../../lib/model/documents.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import type { Documents } from '../../lib/world.ts';
import { makeApi, path } from '../api/support.ts';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
type Signing = { kid?: string; key?: Pair['privateKey'] | Uint8Array; alg?: string };

/**
 * An OIDC issuer on this machine, with keys of its own. `claims` are what it says of everybody; times are
 * taken from them where they are there.
 */
export async function startIssuer(claims: JWTPayload = {}, place = '') {
  let url = '';
  const asked = { discovery: 0, keys: 0 };
  const mood: { status: number; discovery?: object; keys?: object } = { status: 200 };
  const pairs = new Map<string, Pair>();
  const addKey = async (kid: string) => {
    pairs.set(kid, await generateKeyPair('ES256', { extractable: true }));
  };
  await addKey('first');
  const publicKeys = async () =>
    Promise.all(
      [...pairs].map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid })),
    );
  const server = createServer(async (request, response) => {
    const isKeys = request.url === `${place}/keys`;
    asked[isKeys ? 'keys' : 'discovery'] += 1;
    const body = isKeys
      ? (mood.keys ?? { keys: await publicKeys() })
      : (mood.discovery ?? { issuer: url, jwks_uri: `${url}/keys` });
    response.writeHead(mood.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${place}`;
  const sign = async (over: JWTPayload = {}, signing: Signing = {}) => {
    const { kid = 'first', alg = 'ES256' } = signing;
    const now = Math.floor(Date.now() / 1000);
    const usual = { iss: url, aud: 'serin', sub: 'ada', iat: now, exp: now + 300 };
    const key = signing.key ?? pairs.get(kid)?.privateKey;
    if (key === undefined) throw new Error(`no key ${kid}`);
    const all = { ...usual, ...claims, ...over };
    return new SignJWT(all).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(key);
  };
  return { url, asked, mood, pairs, addKey, sign };
}

/** Everybody who is known may do everything. */
export const permitAll = 'permit (principal, action, resource);';

/** Settings with issuers and policies, as text. */
export function settingsText(issuers: object[], policies = permitAll): string {
  return JSON.stringify({ issuers, policies });
}

/** The API with the settings in its table, and with a clock that tests move. */
export async function makeAccess(text: string | undefined) {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const clock = { now: () => Date.now(), sleepUntil: async () => {} };
  const { documents } = memoryStore(clock);
  const logged: { message: string; fields: string }[] = [];
  const faults: { get?: Documents['get'] } = {};
  const apply = async (settings: string) => {
    const version = (await documents.get(settingsKey))?.version ?? 0;
    const body = { text: settings, hooks: '[]', appliedAt: Date.now(), appliedBy: 'test' };
    await documents.put({ ...settingsKey, version, body });
  };
  if (text !== undefined) await apply(text);
  const found = access({
    documents: { ...documents, get: (key) => (faults.get ?? documents.get)(key) },
    clock,
    log: (_level, message, fields) => logged.push({ message, fields: inspect(fields) }),
  });
  const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);
  const api = await makeApi({ deps: found, waits: pass });
  return {
    ...found,
    api,
    apply,
    documents,
    faults,
    logged,
    reasons: () => logged.map(({ fields }) => fields).join('\n'),
    pass,
    /** What somebody with this token is answered. */
    status: async (token: string) => (await api.get(path, { token })).status,
    who: (token: string) =>
      found.authenticate(
        new Request('http://127.0.0.1/', { headers: { authorization: `Bearer ${token}` } }),
      ),
  };
}
