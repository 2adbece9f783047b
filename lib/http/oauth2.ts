import { createHash } from 'node:crypto';
import { Terminal } from '../errors.ts';
import { forgetOldest } from '../model/forget.ts';
import type { HttpAnswer, OAuth2 } from '../model/httpRequest.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { Sent } from './send.ts';

/** A token is not used in its last seconds. https://pkg.go.dev/golang.org/x/oauth2 has the same. */
const earlyMs: Millis = 10 * secondMs;
const tokensMax = 200;

type Token = { text: string; type: string; until: Millis };
type Asking = { send: (request: Sent) => Promise<HttpAnswer>; now: () => Millis };

/** Access tokens by client credentials, kept as long as they are good. Answers the Authorization header. */
export type Tokens = (client: OAuth2['oauth2'], asking: Asking) => Promise<string>;

export function oauth2Tokens(): Tokens {
  const known = new Map<string, Token>();
  const asBody = new Set<string>();
  return async (client, { send, now }) => {
    // Kept in memory under a hash, so that no key is a secret.
    const key = createHash('sha256').update(JSON.stringify(client)).digest('hex');
    const kept = known.get(key);
    if (kept && now() < kept.until) return `${kept.type} ${kept.text}`;
    const { tokenUrl } = client;
    const first = asBody.has(tokenUrl) ? undefined : await send(tokenRequest(client, 'header'));
    // Some servers take the client's credentials in the body alone.
    const answer = first?.status === 200 ? first : await send(tokenRequest(client, 'body'));
    const token = tokenIn(answer, now());
    if (first && first !== answer) asBody.add(tokenUrl);
    forgetOldest(asBody, tokensMax);
    known.delete(key);
    known.set(key, token);
    forgetOldest(known, tokensMax);
    return `${token.type} ${token.text}`;
  };
}

function tokenRequest(
  { tokenUrl, clientId, clientSecret, scopes }: OAuth2['oauth2'],
  place: 'header' | 'body',
): Sent {
  const url = URL.parse(tokenUrl);
  if (!url) throw new Terminal(`oauth2: tokenUrl ${JSON.stringify(tokenUrl)} is no address`);
  const form = new URLSearchParams();
  if (place === 'body') {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret);
  }
  form.set('grant_type', 'client_credentials');
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  const basic = Buffer.from(`${formText(clientId)}:${formText(clientSecret)}`).toString('base64');
  return {
    ...{ url, method: 'POST', body: form.toString() },
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      ...(place === 'header' && { Authorization: `Basic ${basic}` }),
    },
  };
}

function formText(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

type TokenAnswer = { access_token?: unknown; token_type?: unknown; expires_in?: unknown };

function tokenIn({ status, body }: HttpAnswer, now: Millis): Token {
  const answer = parsed(body);
  const { access_token: text, token_type: type, expires_in: seconds } = answer;
  if (status < 200 || status >= 300) throw new Terminal(`oauth2: cannot fetch token: ${status}`);
  if (typeof text !== 'string' || text === '') {
    throw new Terminal('oauth2: server response missing access_token');
  }
  const lifeMs = Number(seconds) > 0 ? Number(seconds) * secondMs - earlyMs : 0;
  const isBearer = typeof type !== 'string' || type === '' || /^bearer$/i.test(type);
  return { text, type: isBearer ? 'Bearer' : type, until: now + lifeMs };
}

function parsed(text: string): TokenAnswer {
  try {
    const value = JSON.parse(text) as TokenAnswer | null;
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
