import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { onTestFinished } from 'vitest';

// An OpenID provider on this machine, as strict as a real one about what a public client sends: PKCE with
// S256, the exact redirect address, codes and refresh tokens that are used once.

type Grant = {
  clientId: string;
  redirectUri: string;
  challenge: string;
  nonce: string;
  audience?: string;
};

export type Provider = {
  issuer: string;
  clientId: string;
  /** Who has signed in there; undefined has it say that they did not let themselves be signed in. */
  who: string | undefined;
  /** How long its tokens are good. */
  lifeSeconds: number;
  /** What it sends people back with instead. */
  sendsBack?: Record<string, string>;
  refusesRefresh?: boolean;
  /** What it answers those who ask for tokens by a device code; '' when the code was typed. */
  device: string;
  /** Grant types it has been asked for, and refresh tokens that were taken back. */
  granted: string[];
  revoked: string[];
  signedOut: number;
  /** The last ID token it made. */
  idToken: string;
};

type Inside = { provider: Provider; codes: Map<string, Grant>; refreshes: Map<string, Grant> };
type Answer = { status: number; body?: object; to?: string };

export async function startProvider(clientId = 'serin-page'): Promise<Provider> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'first', alg: 'ES256', use: 'sig' };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: Provider = {
    ...{ issuer, clientId, who: 'anna', lifeSeconds: 300 },
    ...{ granted: [], revoked: [], signedOut: 0, idToken: '', device: 'authorization_pending' },
  };
  const inside: Inside = { provider, codes: new Map(), refreshes: new Map() };
  const sign = (claims: JWTPayload) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'first' }).sign(privateKey);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', issuer);
    const form = new URLSearchParams(await textOf(request));
    const { status, body, to } = await answerOf(inside, url, form, { jwk, sign });
    response.writeHead(status, {
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
      'cache-control': 'no-store',
      ...(to !== undefined && { location: to }),
    });
    response.end(body === undefined ? '' : JSON.stringify(body));
  };
  return provider;
}

type Keys = { jwk: object; sign: (claims: JWTPayload) => Promise<string> };

async function answerOf(
  inside: Inside,
  { pathname, searchParams }: URL,
  form: URLSearchParams,
  { jwk, sign }: Keys,
): Promise<Answer> {
  const { provider } = inside;
  switch (pathname) {
    case '/.well-known/openid-configuration':
      return { status: 200, body: metadata(provider.issuer) };
    case '/keys':
      return { status: 200, body: { keys: [jwk] } };
    case '/authorize':
      return authorize(inside, searchParams);
    case '/token':
      return token(inside, form, sign);
    case '/device': {
      const audience = form.get('audience');
      const grant = {
        clientId: form.get('client_id') ?? '',
        redirectUri: '',
        challenge: '',
        nonce: '',
      };
      const code = randomUUID();
      inside.codes.set(code, { ...grant, ...(audience !== null && { audience }) });
      const where = { verification_uri: `${provider.issuer}/type`, user_code: 'WDJB-MJHT' };
      return { status: 200, body: { device_code: code, ...where, expires_in: 60, interval: 1 } };
    }
    case '/revoke':
      provider.revoked.push(form.get('token') ?? '');
      inside.refreshes.delete(form.get('token') ?? '');
      return { status: 200 };
    case '/logout': {
      provider.signedOut += 1;
      return { status: 302, to: searchParams.get('post_logout_redirect_uri') ?? '' };
    }
    default:
      return { status: 404, body: {} };
  }
}

function metadata(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    device_authorization_endpoint: `${issuer}/device`,
    revocation_endpoint: `${issuer}/revoke`,
    end_session_endpoint: `${issuer}/logout`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  };
}

function authorize({ provider, codes }: Inside, asked: URLSearchParams): Answer {
  const [redirectUri, clientId] = [asked.get('redirect_uri') ?? '', asked.get('client_id') ?? ''];
  const challenge = asked.get('code_challenge') ?? '';
  const isWhole =
    clientId === provider.clientId &&
    ['/signed-in', '/callback'].includes(new URL(redirectUri).pathname) &&
    asked.get('response_type') === 'code' &&
    asked.get('code_challenge_method') === 'S256' &&
    challenge.length === 43 &&
    asked.get('scope')?.split(' ').includes('openid') === true;
  if (!isWhole) return { status: 400, body: { error: 'invalid_request' } };
  const code = randomUUID();
  const audience = asked.get('audience');
  const nonce = asked.get('nonce') ?? '';
  codes.set(code, {
    ...{ clientId, redirectUri, challenge, nonce },
    ...(audience !== null && { audience }),
  });
  const back = new URL(redirectUri);
  const sent = {
    ...(provider.who === undefined ? { error: 'access_denied' } : { code }),
    ...{ state: asked.get('state') ?? '', iss: provider.issuer },
    ...provider.sendsBack,
  };
  for (const [name, value] of Object.entries(sent)) back.searchParams.set(name, value);
  return { status: 302, to: back.href };
}

async function token(inside: Inside, form: URLSearchParams, sign: Keys['sign']): Promise<Answer> {
  const { provider, codes, refreshes } = inside;
  const kind = form.get('grant_type') ?? '';
  provider.granted.push(kind);
  const refused: Answer = { status: 400, body: { error: 'invalid_grant' } };
  const isDevice = kind.endsWith(':device_code');
  if (isDevice && provider.device !== '') return { status: 400, body: { error: provider.device } };
  const field = kind === 'refresh_token' ? kind : isDevice ? 'device_code' : 'code';
  const given = form.get(field) ?? '';
  const from = kind === 'refresh_token' ? refreshes : codes;
  const grant = from.get(given);
  from.delete(given);
  if (grant === undefined || grant.clientId !== form.get('client_id')) return refused;
  if (kind === 'refresh_token' && provider.refusesRefresh) return refused;
  if (kind === 'authorization_code') {
    const verifier = form.get('code_verifier') ?? '';
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    if (challenge !== grant.challenge || grant.redirectUri !== form.get('redirect_uri')) {
      return refused;
    }
  }
  const refresh = randomUUID();
  refreshes.set(refresh, grant);
  const iat = Math.floor(Date.now() / 1000);
  provider.idToken = await sign({
    ...{ iss: provider.issuer, aud: provider.clientId, sub: provider.who ?? '', iat },
    exp: iat + provider.lifeSeconds,
    jti: randomUUID(),
    ...(kind === 'authorization_code' && { nonce: grant.nonce }),
  });
  return {
    status: 200,
    body: {
      access_token:
        grant.audience === undefined
          ? randomUUID()
          : await sign({ iss: provider.issuer, aud: grant.audience, iat, exp: iat + 3600 }),
      token_type: 'Bearer',
      expires_in: provider.lifeSeconds,
      id_token: provider.idToken,
      refresh_token: refresh,
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
