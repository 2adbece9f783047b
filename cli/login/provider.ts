import * as oauth from 'oauth4webapi';
import { type Millis, secondMs } from '../../lib/model/units.ts';
import type { SignInSettings } from '../config/contexts.ts';
import { CliError, exitCodes } from '../exit.ts';
import { plain } from '../text.ts';

/** How long one answer of a provider may take. */
const timeoutMs: Millis = 20 * secondMs;

/** Who signs people in, as it describes itself, and what Serin is there. */
export type Provider = {
  as: oauth.AuthorizationServer;
  client: oauth.Client;
  settings: SignInSettings;
  /** Of each request. */
  options: () => { signal: AbortSignal; [oauth.allowInsecureRequests]: boolean };
};

/** A command line is a public client: it has no secret that its user could not read. */
export const publicClient = oauth.None();

export async function providerOf(settings: SignInSettings, stop: AbortSignal): Promise<Provider> {
  const { issuer, clientId } = settings;
  const url = new URL(issuer);
  const options = () => ({
    signal: AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]),
    // Only of this machine: addresses of others are refused before.
    [oauth.allowInsecureRequests]: url.protocol === 'http:',
  });
  return await asked(settings, stop, async () => {
    const response = await oauth.discoveryRequest(url, { algorithm: 'oidc', ...options() });
    const as = await oauth.processDiscoveryResponse(url, response);
    return { as, client: { client_id: clientId }, settings, options };
  });
}

/** Says of what goes wrong with a provider which one it is, and what it says. */
export async function asked<T>(
  { issuer }: SignInSettings,
  stop: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    stop.throwIfAborted();
    if (error instanceof CliError) throw error;
    throw new CliError(plain(`${issuer} did not sign you in: ${whyNot(error)}`), {
      exitCode: exitCodes.unreachable,
      hint: 'See the issuer and the client id with `serin config get`, and try again.',
    });
  }
}

function whyNot(error: unknown): string {
  const isAnswer =
    error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError;
  if (isAnswer) {
    const { error: code, error_description: description } = error;
    return description === undefined ? code : `${code}: ${description}`;
  }
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError') return 'it gave no answer in time';
  const { message: below, code } = (cause ?? {}) as { message?: string; code?: string };
  return message === 'fetch failed' ? below || code || message : message;
}

const scopesDefault = 'openid profile email offline_access';

/** What is asked for in both ways of signing in. */
export function wanted({
  scopes = scopesDefault,
  audience,
}: SignInSettings): Record<string, string> {
  return { scope: scopes, ...(audience !== undefined && { audience }) };
}
