import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
} from 'jose';
import { Transient } from '../errors.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../model/units.ts';
import type { Clock, Log } from '../world.ts';

// The public keys of an issuer. Anybody can send a token that claims to be of an issuer, under a key
// nobody has heard of: how often that makes Serin ask the issuer is bounded.

export type IssuerAddress = { issuer: string; jwks?: string };
type Outside = { clock: Clock; log: Log };
type Keys = ReturnType<typeof createRemoteJWKSet>;
type KeyOf = (header?: JWSHeaderParameters, token?: FlattenedJWSInput) => ReturnType<Keys>;
type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** After a key was not found, how long until the issuer is asked again: a new key works after that. */
const cooldownMs: Millis = 30 * secondMs;
/** How long keys are believed: a key that was taken back still works as long. */
const lifeMs: Millis = 10 * minuteMs;
/** How long they are believed while the issuer does not answer: a release may have to be aborted then. */
const staleMs: Millis = hourMs;
/** How long an issuer that failed is left alone: longer each time, but a caller waits for a first slip. */
const failureLifeMinMs: Millis = secondMs;
const failureLifeMaxMs: Millis = 10 * secondMs;
const timeoutMs: Millis = 3 * secondMs;
const bytesMax = 512 * 1024;

/** What is wrong with the token, not with the issuer. */
const ofToken = new Set([
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
  'ERR_JOSE_NOT_SUPPORTED',
]);

/** Finds the key of a token. Rejects with Transient when the issuer's keys cannot be had. */
export function issuerKeys(address: IssuerAddress, { clock, log }: Outside): KeyOf {
  let remote: Keys | undefined;
  let answeredAt: Millis = 0;
  let failed: { until: Millis; error: unknown } | undefined;
  let failures = 0;
  const ask: Fetch = async (url, init) => {
    const answer = await boundedFetch(url, init);
    answeredAt = clock.now();
    return answer;
  };
  const fromIssuer: KeyOf = async (header, token) => {
    if (failed !== undefined && clock.now() < failed.until) throw failed.error;
    try {
      remote ??= await remoteKeys(address, ask);
      const key = await remote(header, token);
      failures = 0;
      return key;
    } catch (error) {
      if (isOfToken(error)) throw error;
      log('warn', 'the keys of an issuer could not be had', { issuer: address.issuer, error });
      const aloneMs = Math.min(failureLifeMaxMs, failureLifeMinMs * 2 ** failures);
      failures += 1;
      failed = { until: clock.now() + aloneMs, error };
      throw error;
    }
  };
  return async (header, token) => {
    try {
      return await fromIssuer(header, token);
    } catch (error) {
      if (isOfToken(error)) throw error;
      const last = remote?.jwks();
      if (last !== undefined && clock.now() < answeredAt + staleMs) {
        return createLocalJWKSet(last)(header, token);
      }
      throw new Transient(`the keys of ${address.issuer} cannot be had`, { cause: error });
    }
  };
}

function isOfToken(error: unknown): boolean {
  return error instanceof errors.JOSEError && ofToken.has(error.code);
}

async function remoteKeys({ issuer, jwks }: IssuerAddress, ask: Fetch): Promise<Keys> {
  const url = jwks ?? (await discover(issuer, ask));
  return createRemoteJWKSet(new URL(url), {
    cooldownDuration: cooldownMs,
    cacheMaxAge: lifeMs,
    timeoutDuration: timeoutMs,
    [customFetch]: ask,
  });
}

async function discover(issuer: string, ask: Fetch): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const signal = AbortSignal.timeout(timeoutMs);
  const answer = await ask(url, { signal, redirect: 'manual' });
  const told: { issuer?: unknown; jwks_uri?: unknown } = JSON.parse(await answer.text());
  if (told.issuer !== issuer) throw new Error(`${url} is of another issuer: ${told.issuer}`);
  const { jwks_uri: uri } = told;
  const isSafe =
    typeof uri === 'string' &&
    (uri.startsWith('https://') || new URL(uri).origin === new URL(issuer).origin);
  if (!isSafe) throw new Error(`${url} names no address with https for its keys`);
  return uri;
}

/** fetch, of answers that are good and not too long. */
async function boundedFetch(url: string, init: RequestInit): Promise<Response> {
  const { status, body } = await fetch(url, init);
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Error(`${url} answered more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks));
}
