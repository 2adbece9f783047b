import * as oauth from 'oauth4webapi';
import type { IssuerServer, SignIn } from '../../lib/web/signIn.ts';
import { safeReturn } from '../addresses.ts';
import { type Draft, session, setSession, tellOtherTabs } from '../api/session.ts';

// Signing in by OpenID Connect: authorization code with PKCE. Tokens are in this module's memory; what the
// tab keeps while people are at their issuer is of no use without the code that they come back with.

type Pending = {
  verifier: string;
  nonce: string;
  returnTo: string;
  at: number;
  draft?: Draft | undefined;
};

type Tokens = { access_token: string; id_token?: string; refresh_token?: string };

/** What went wrong, in words for whoever signs in. */
class SignInFault extends Error {
  override name = 'SignInFault';
  /** Where they wanted to go, where that is known. */
  readonly returnTo: string;
  constructor(message: string, returnTo = '/', cause?: unknown) {
    super(message, { cause });
    this.returnTo = returnTo;
  }
}

const pendingPrefix = 'serin-sign-in-';
const pendingMs = 10 * 60_000;
/** The part of a token's life after which another is fetched. */
const renewedAt = 0.8;
const renewMinMs = 1000;
const secondMs = 1000;

const redirectUri = (): string => `${location.origin}/signed-in`;

/** Leaves the page for the issuer, and comes back to `returnTo`. */
export async function beginSignIn(
  signIn: SignIn,
  { returnTo, draft }: { returnTo: string; draft?: Draft | undefined },
): Promise<void> {
  const server = serverOf(signIn);
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const verifier = oauth.generateRandomCodeVerifier();
  const challenge = await oauth.calculatePKCECodeChallenge(verifier);
  const pending: Pending = { verifier, nonce, returnTo, at: Date.now(), draft };
  forgetPending();
  sessionStorage.setItem(pendingPrefix + state, JSON.stringify(pending));
  const url = new URL(server.authorization_endpoint);
  const parameters = {
    ...signIn.parameters,
    client_id: signIn.clientId,
    redirect_uri: redirectUri(),
    response_type: 'code',
    scope: signIn.scope,
    ...{ state, nonce },
    code_challenge: challenge,
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  location.assign(url.href);
}

/** Takes what the issuer sent people back with; answers where they wanted to go. Rejects with SignInFault. */
export async function finishSignIn(
  signIn: SignIn,
  address: URL,
): Promise<{ returnTo: string; draft?: Draft | undefined }> {
  const state = address.searchParams.get('state') ?? '';
  const pending = takePending(state);
  if (pending === undefined) {
    throw new SignInFault(
      'this sign-in was not begun in this tab, or too long ago, or is used already.',
    );
  }
  const { verifier, nonce, draft } = pending;
  const returnTo = safeReturn(pending.returnTo);
  const server = serverOf(signIn);
  const client = { client_id: signIn.clientId };
  try {
    const code = oauth.validateAuthResponse(server, client, address, state);
    const response = await oauth.authorizationCodeGrantRequest(
      ...[server, client, oauth.None(), code, redirectUri(), verifier],
      optionsOf(server),
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    begin(signIn, server, tokens);
    return { returnTo, draft };
  } catch (error) {
    throw new SignInFault(wordsOf(error, signIn.issuer), returnTo, error);
  }
}

/** Serin's own issuer on a machine may be reached without TLS; the settings allow that on loopback alone. */
function optionsOf({ issuer }: IssuerServer): { [oauth.allowInsecureRequests]: boolean } {
  return { [oauth.allowInsecureRequests]: issuer.startsWith('http://127.0.0.1') };
}

function serverOf({ issuer, server }: SignIn): IssuerServer {
  if (server === undefined) throw new SignInFault(`${issuer} does not answer at the moment.`);
  return server;
}

/** The session that these tokens open, which renews itself. */
function begin(signIn: SignIn, server: IssuerServer, first: oauth.TokenEndpointResponse): void {
  const client = { client_id: signIn.clientId };
  let tokens: Tokens = first;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let renewing: Promise<boolean> | undefined;
  const opened = (response: oauth.TokenEndpointResponse): boolean => {
    const token = signIn.token === 'id' ? response.id_token : response.access_token;
    if (token === undefined) return false;
    tokens = { ...tokens, ...response };
    setSession({ state: 'in', token, refresh, signOut });
    clearTimeout(timer);
    const lifeMs = lifeOf(signIn, response);
    if (lifeMs !== undefined && tokens.refresh_token !== undefined) {
      timer = setTimeout(() => void refresh(), Math.max(renewMinMs, lifeMs * renewedAt));
    }
    return true;
  };
  const renew = async (): Promise<boolean> => {
    if (tokens.refresh_token === undefined) return false;
    try {
      const auth = oauth.None();
      const options = optionsOf(server);
      const given = tokens.refresh_token;
      const response = await oauth.refreshTokenGrantRequest(server, client, auth, given, options);
      const renewed = await oauth.processRefreshTokenResponse(server, client, response);
      return session().state === 'in' && opened(renewed);
    } catch {
      // The token that there is may be good for a while still; the API says when it is not.
      return false;
    }
  };
  const refresh = (): Promise<boolean> => {
    renewing ??= renew().finally(() => {
      renewing = undefined;
    });
    return renewing;
  };
  const signOut = async (): Promise<void> => {
    clearTimeout(timer);
    const { refresh_token: given, id_token: hint } = tokens;
    tokens = { access_token: '' };
    setSession({ state: 'out', left: true });
    tellOtherTabs();
    if (given !== undefined && server.revocation_endpoint !== undefined) {
      const options = optionsOf(server);
      await oauth
        .revocationRequest(server, client, oauth.None(), given, options)
        .catch(() => undefined);
    }
    if (server.end_session_endpoint === undefined) return;
    const url = new URL(server.end_session_endpoint);
    url.searchParams.set('client_id', signIn.clientId);
    if (hint !== undefined) url.searchParams.set('id_token_hint', hint);
    url.searchParams.set('post_logout_redirect_uri', `${location.origin}/`);
    location.assign(url.href);
  };
  if (!opened(first)) throw new Error('the issuer gave no token of the kind that was asked for');
}

/** How long what the API is shown is good. */
function lifeOf({ token }: SignIn, response: oauth.TokenEndpointResponse): number | undefined {
  if (token === 'access') return response.expires_in && response.expires_in * secondMs;
  const claims = oauth.getValidatedIdTokenClaims(response);
  return claims && (claims.exp - claims.iat) * secondMs;
}

function wordsOf(error: unknown, issuer: string): string {
  if (error instanceof SignInFault) return error.message;
  const said = error as { error?: string; error_description?: string; message: string };
  const because = said.error_description === undefined ? '' : ` (${said.error_description})`;
  if (error instanceof oauth.AuthorizationResponseError) {
    return `${issuer} did not let you in: ${said.error}${because}.`;
  }
  if (error instanceof oauth.ResponseBodyError) {
    return `${issuer} did not take the code that you came back with: ${said.error}${because}.`;
  }
  if (error instanceof TypeError) return `${issuer} cannot be reached.`;
  return `what came back from ${issuer} is not right: ${said.message}.`;
}

/** Each is used once, within ten minutes. */
function takePending(state: string): Pending | undefined {
  const kept = state === '' ? null : sessionStorage.getItem(pendingPrefix + state);
  forgetPending();
  if (kept === null) return undefined;
  const pending = JSON.parse(kept) as Pending;
  return Date.now() - pending.at < pendingMs ? pending : undefined;
}

function forgetPending(): void {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(pendingPrefix)) sessionStorage.removeItem(key);
  }
}
