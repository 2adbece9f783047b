import { Terminal } from '../errors.ts';
import type { Sent } from './send.ts';

/** As many as Go's client follows. */
export const redirectsMax = 10;

/** What says who asks for what, and may go elsewhere. */
const harmless = new Set(['accept', 'accept-encoding', 'user-agent']);

const keepsMethod = new Set([307, 308]);
const redirecting = new Set([301, 302, 303, ...keepsMethod]);

/**
 * The request that an answer sends the client on to; undefined where it does not. To another origin nothing
 * goes along that the manifest says of who asks. Throws Terminal where a body would have to go there.
 */
export function redirected(
  request: Sent,
  { status, headers }: { status: number; headers: Record<string, string> },
): Sent | undefined {
  const { location } = headers;
  if (!redirecting.has(status) || location === undefined) return undefined;
  const url = URL.parse(location, request.url);
  if (!url) throw new Terminal(`${status} to ${JSON.stringify(location)}, which is no address`);
  const isOther = url.origin !== request.url.origin;
  if (!isOther && url.username === '') {
    url.username = request.url.username;
    url.password = request.url.password;
  }
  const { method, body, insecure } = request;
  const isKept = keepsMethod.has(status) || method === 'GET' || method === 'HEAD';
  if (isKept && isOther && body !== undefined) {
    const where = `${url.protocol}//${url.host}`;
    throw new Terminal(`${status} to ${where}: a body is not sent on to another origin`);
  }
  const headersKept = Object.entries(request.headers).filter(([name]) => {
    const lower = name.toLowerCase();
    return isOther ? harmless.has(lower) : isKept || lower !== 'content-type';
  });
  return {
    url,
    method: isKept ? method : 'GET',
    headers: Object.fromEntries(headersKept),
    insecure,
    ...(isKept && body !== undefined && { body }),
  };
}
