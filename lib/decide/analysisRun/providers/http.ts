import type { Authentication, OAuth2Config } from '../../../model/argo.generated.ts';
import type { HttpAnswer, OAuth2 } from '../../../model/httpRequest.ts';
import type { Answers, HttpRead, Need } from '../../../model/reads.ts';

// What providers share that ask a server.

/** A failure is what was measured; but where there was no time to ask, the turn is taken again. */
export function httpNeeds(read: HttpRead): Need[] {
  return [{ read, bears: 'lasting' }];
}

/** The answer, or why there is none, in the words of Go's client, as the reader has them. */
export function answered(
  read: HttpRead,
  answers: Answers,
): { ok: HttpAnswer } | { error: string } | undefined {
  const answer = answers.http(read);
  if (answer === undefined || 'ok' in answer) return answer;
  return { error: 'failed' in answer ? answer.failed : `there is no ${read.http.url}` };
}

export function isGood(status: number): boolean {
  return status >= 200 && status < 300;
}

/** What Go's client has against an address. */
export function urlFault(method: string, url: string): string | undefined {
  const quoted = JSON.stringify(url);
  const [, scheme = '', rest = ''] = /^([a-z][a-z\d+.-]*):(.*)$/is.exec(url) ?? [];
  if (url.startsWith(':')) return `parse ${quoted}: missing protocol scheme`;
  if (!['http', 'https'].includes(scheme.toLowerCase())) {
    return `${verb(method)} ${quoted}: unsupported protocol scheme "${scheme}"`;
  }
  const hasHost = /^\/\/[^/?#]/.test(rest);
  return hasHost ? undefined : `${verb(method)} ${quoted}: http: no Host in request URL`;
}

function verb(method: string): string {
  return `${method.slice(0, 1).toUpperCase()}${method.slice(1).toLowerCase()}`;
}

/** The client's credentials for a token, none, or what is missing of them. */
export function oauthOf(authentication: Authentication | undefined): OAuth2 | string | undefined {
  const {
    tokenUrl,
    clientId,
    clientSecret,
    scopes = [],
  }: OAuth2Config = authentication?.oauth2 ?? {};
  if (!tokenUrl) return undefined;
  if (!clientId || !clientSecret) return 'missing mandatory parameter in metric for OAuth2 setup';
  return { oauth2: { tokenUrl, clientId, clientSecret, scopes } };
}
