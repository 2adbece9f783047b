import { Terminal } from '../errors.ts';
import type { Millis } from '../model/units.ts';
import type { Sent } from './send.ts';

type SocketError = Error & { code?: string; address?: string; port?: number };

/** Without the password that may be in it. */
function addressText(url: URL): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  return shown.href;
}

/** `Get "http://example.com/"`, as Go's client begins its errors. */
function subjectOf({ method, url }: Pick<Sent, 'method' | 'url'>): string {
  const verb = method.charAt(0).toUpperCase() + method.slice(1).toLowerCase();
  return `${verb} "${addressText(url)}"`;
}

const said: Record<string, (error: SocketError) => string> = {
  ECONNREFUSED: ({ address = '', port }) =>
    `dial tcp ${hostPort(address, port)}: connect: connection refused`,
  EHOSTUNREACH: ({ address = '', port }) =>
    `dial tcp ${hostPort(address, port)}: connect: no route to host`,
  ENETUNREACH: ({ address = '', port }) =>
    `dial tcp ${hostPort(address, port)}: connect: network is unreachable`,
  ECONNRESET: () => 'EOF',
  EPIPE: () => 'write: broken pipe',
};

function hostPort(address: string, port: number | undefined): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return port === undefined ? host : `${host}:${port}`;
}

/** Why a request got no answer, in the words of Go's client as far as it has them. */
export function failureText(error: unknown, request: Pick<Sent, 'method' | 'url'>): string {
  const subject = subjectOf(request);
  if (error instanceof Terminal) return `${subject}: ${error.message}`;
  const [known = error as SocketError] = each(error).filter(({ code }) => code !== undefined);
  const { code = '', message = String(error) } = known;
  const { hostname } = request.url;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const why = code === 'ENOTFOUND' ? 'no such host' : 'server misbehaving';
    return `${subject}: dial tcp: lookup ${hostname}: ${why}`;
  }
  if (/^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_)/.test(code)) {
    return `${subject}: tls: failed to verify certificate: ${message}`;
  }
  return `${subject}: ${said[code]?.(known) ?? message}`;
}

/** Of several addresses none of which answers, Node tells in one error. */
function each(error: unknown): SocketError[] {
  const inner = error instanceof AggregateError ? (error.errors as SocketError[]) : [];
  return [...inner, error as SocketError];
}

export function lateText(request: Pick<Sent, 'method' | 'url'>, waitedMs: Millis): string {
  return `${subjectOf(request)}: context deadline exceeded: no answer within ${waitedMs / 1000} s`;
}
