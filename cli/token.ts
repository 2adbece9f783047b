import { type Millis, minuteMs, secondMs } from '../lib/model/units.ts';
import type { Connection } from './connection.ts';
import { CliError, exitCodes, usageError } from './exit.ts';
import { readFileText } from './input.ts';
import type { Io } from './io.ts';
import type { SignedIn } from './login/session.ts';

/** The token for the next request: a pipeline's ends before a release does, so it is asked each time. */
export type TokenSource = () => Promise<string | undefined>;

/** A token of GitHub Actions is good for five minutes. */
const oidcLifeMs: Millis = 2 * minuteMs;
const oidcTimeoutMs: Millis = 10 * secondMs;

export function tokenSource(connection: Connection, io: Pick<Io, 'env' | 'stop'>): TokenSource {
  const { token, tokenFile, oidcAudience, signIn, server } = connection;
  if (tokenFile !== undefined) return () => readToken(tokenFile);
  if (oidcAudience !== undefined) return githubToken(oidcAudience, io);
  if (signIn !== undefined) return signedIn({ server, signIn }, io);
  return async () => token;
}

/** Loads what only those need who have signed in. */
function signedIn(whose: SignedIn, io: Pick<Io, 'env' | 'stop'>): TokenSource {
  let source: TokenSource | undefined;
  return async () => {
    const { signedInToken } = await import('./login/session.ts');
    source ??= signedInToken(whose, io);
    return await source();
  };
}

async function readToken(file: string): Promise<string> {
  const remedy = 'Name a file that holds the token and nothing else.';
  const token = (await readFileText(file, remedy)).trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw usageError(`what is in ${file} is no token`, remedy);
}

/** Asks the runner of a GitHub Actions job for its ID token, again when it gets old. */
function githubToken(audience: string, { env, stop }: Pick<Io, 'env' | 'stop'>): TokenSource {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = env;
  let known: { token: string; at: Millis } | undefined;
  return async () => {
    if (known !== undefined && Date.now() - known.at < oidcLifeMs) return known.token;
    if (url === undefined || bearer === undefined) {
      throw usageError(
        'SERIN_OIDC_AUDIENCE is set, and there is no ID token to be had here',
        'In GitHub Actions give the job `permissions: {id-token: write}`; elsewhere set SERIN_TOKEN.',
      );
    }
    known = { token: await ask(url, { audience, bearer, stop }), at: Date.now() };
    return known.token;
  };
}

type Question = { audience: string; bearer: string; stop: AbortSignal };

async function ask(url: string, { audience, bearer, stop }: Question): Promise<string> {
  const target = new URL(url);
  target.searchParams.set('audience', audience);
  let said: string;
  try {
    const response = await fetch(target, {
      headers: { authorization: `Bearer ${bearer}` },
      signal: AbortSignal.any([stop, AbortSignal.timeout(oidcTimeoutMs)]),
      redirect: 'error',
    });
    const { value } = (await response.json()) as { value?: unknown };
    if (response.ok && typeof value === 'string') return value;
    said = `it answered ${response.status}`;
  } catch (error) {
    stop.throwIfAborted();
    said = (error as Error).message;
  }
  throw new CliError(`GitHub Actions gave no ID token: ${said}`, {
    exitCode: exitCodes.unreachable,
    hint: 'Run the job again; if it stays so, see whether GitHub has an incident.',
  });
}
