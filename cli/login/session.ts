import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import * as oauth from 'oauth4webapi';
import * as z from 'zod';
import { defined } from '../../lib/model/defined.ts';
import { type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import { type Env, stateFolder } from '../../server/dataFolder.ts';
import { type SignInSettings, writePrivate } from '../config/contexts.ts';
import { CliError, exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { asked, providerOf, publicClient } from './provider.ts';

/** A token that ends so soon could end on its way. */
const marginMs: Millis = minuteMs;
/** Of a token that does not say how long it is good. */
const lifeMs: Millis = 5 * minuteMs;

const sessionSchema = z.object({
  /** What is sent to the server. */
  token: z.string(),
  expiresAt: z.number(),
  refreshToken: z.string().exactOptional(),
});
export type Session = z.infer<typeof sessionSchema>;

/** Whose token it is, and for whom: it is sent to this server and no other. */
export type SignedIn = { server: string; signIn: SignInSettings };

/** Of this user's alone, below the state folder. */
function sessionFile({ server, signIn }: SignedIn, env: Env): string {
  const { issuer, clientId, audience = '' } = signIn;
  const digest = createHash('sha256').update(JSON.stringify([server, issuer, clientId, audience]));
  return join(stateFolder(env), 'sessions', `${digest.digest('hex').slice(0, 24)}.json`);
}

export function readSession(whose: SignedIn, env: Env): Session | undefined {
  try {
    return sessionSchema.parse(JSON.parse(readFileSync(sessionFile(whose, env), 'utf8')));
  } catch {
    // None, or half of one from another version: the same as signed out.
    return undefined;
  }
}

export function keepSession(whose: SignedIn, session: Session, env: Env): void {
  writePrivate(sessionFile(whose, env), `${JSON.stringify(session)}\n`);
}

export function forgetSession(whose: SignedIn, env: Env): void {
  rmSync(sessionFile(whose, env), { force: true });
}

/**
 * What an issuer answered, as it is kept. The server gets the access token where one was asked for by an
 * audience, and else the ID token, whose audience is the client.
 */
export function sessionOf(
  answer: oauth.TokenEndpointResponse,
  { audience }: SignInSettings,
  before?: Session,
): Session {
  const token =
    audience === undefined ? (answer.id_token ?? answer.access_token) : answer.access_token;
  const refreshToken = answer.refresh_token ?? before?.refreshToken;
  return { token, expiresAt: endOf(token, answer.expires_in), ...defined({ refreshToken }) };
}

function endOf(token: string, seconds: number | undefined): Millis {
  const otherwise = Date.now() + (seconds === undefined ? lifeMs : seconds * secondMs);
  try {
    const { exp } = decodeJwt(token);
    return exp === undefined ? otherwise : exp * secondMs;
  } catch {
    // Not every access token can be read by its client.
    return otherwise;
  }
}

/** The token of whoever signed in there, a fresh one if it is about to end. */
export function signedInToken(
  whose: SignedIn,
  { env, stop }: Pick<Io, 'env' | 'stop'>,
): () => Promise<string> {
  let underway: Promise<string> | undefined;
  const current = async () => {
    const session = readSession(whose, env);
    if (session === undefined) throw signedOut(whose, 'you are not signed in');
    if (session.expiresAt - marginMs > Date.now()) return session.token;
    return (await refreshed(whose, session, { env, stop })).token;
  };
  return async () => {
    underway ??= current().finally(() => {
      underway = undefined;
    });
    return await underway;
  };
}

async function refreshed(
  whose: SignedIn,
  session: Session,
  { env, stop }: Pick<Io, 'env' | 'stop'>,
): Promise<Session> {
  const { refreshToken } = session;
  if (refreshToken === undefined) throw signedOut(whose, 'your sign-in has ended');
  const { signIn } = whose;
  const { as, client, options } = await providerOf(signIn, stop);
  const more = { ...(signIn.audience && { additionalParameters: { audience: signIn.audience } }) };
  return await asked(signIn, stop, async () => {
    try {
      const response = await oauth.refreshTokenGrantRequest(
        as,
        client,
        publicClient,
        refreshToken,
        {
          ...options(),
          ...more,
        },
      );
      const answer = await oauth.processRefreshTokenResponse(as, client, response);
      if (signIn.audience === undefined && answer.id_token === undefined) {
        throw signedOut(whose, `${signIn.issuer} renews no ID tokens`);
      }
      const fresh = sessionOf(answer, signIn, session);
      keepSession(whose, fresh, env);
      return fresh;
    } catch (error) {
      if (!(error instanceof oauth.ResponseBodyError) || error.error !== 'invalid_grant')
        throw error;
      // Another process of this user may have used it up just now.
      const theirs = readSession(whose, env);
      if (theirs !== undefined && theirs.token !== session.token) return theirs;
      throw signedOut(whose, 'your sign-in has ended');
    }
  });
}

function signedOut({ server }: Pick<SignedIn, 'server'>, why: string): CliError {
  return new CliError(`${why} (${server})`, {
    exitCode: exitCodes.unreachable,
    hint: 'Sign in with `serin login`; --context names another server.',
  });
}
