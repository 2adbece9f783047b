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
import {
  askIssuer,
  discover,
  type IssuerFetch,
  isSafeAddress,
  issuerTimeoutMs,
} from './discovery.ts';

// The public keys of an issuer. Anybody can send a token that claims to be of an issuer, under a key
// nobody has heard of: how often that makes Serin ask the issuer is bounded.

export type IssuerAddress = { issuer: string; jwks?: string };
type Outside = { clock: Clock; log: Log };
type Keys = ReturnType<typeof createRemoteJWKSet>;
type KeyOf = (header?: JWSHeaderParameters, token?: FlattenedJWSInput) => ReturnType<Keys>;

/** After a key was not found, how long until the issuer is asked again: a new key works after that. */
const cooldownMs: Millis = 30 * secondMs;
/** How long keys are believed: a key that was taken back still works as long. */
const lifeMs: Millis = 10 * minuteMs;
/** How long they are believed while the issuer does not answer: a release may have to be aborted then. */
const staleMs: Millis = hourMs;
/** How long an issuer that failed is left alone: longer each time, but a caller waits for a first slip. */
const failureLifeMinMs: Millis = secondMs;
const failureLifeMaxMs: Millis = 10 * secondMs;

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
  const ask: IssuerFetch = async (url, init) => {
    const answer = await askIssuer(url, init);
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

async function remoteKeys({ issuer, jwks }: IssuerAddress, ask: IssuerFetch): Promise<Keys> {
  const url = jwks ?? (await keysAddress(issuer, ask));
  return createRemoteJWKSet(new URL(url), {
    cooldownDuration: cooldownMs,
    cacheMaxAge: lifeMs,
    timeoutDuration: issuerTimeoutMs,
    [customFetch]: ask,
  });
}

async function keysAddress(issuer: string, ask: IssuerFetch): Promise<string> {
  const { jwks_uri: uri } = await discover(issuer, ask);
  if (isSafeAddress(uri, issuer)) return uri;
  throw new Error(`${issuer} names no address with https for its keys`);
}
