import { Terminal } from '../errors.ts';
import type { Millis } from '../model/units.ts';

type SocketError = Error & { code?: string; address?: string; port?: number };

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
export function failureText(error: unknown, { hostname }: URL): string {
  if (error instanceof Terminal) return error.message;
  const [known = error as SocketError] = each(error).filter(({ code }) => code !== undefined);
  const { code = '', message = String(error) } = known;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const why = code === 'ENOTFOUND' ? 'no such host' : 'server misbehaving';
    return `dial tcp: lookup ${hostname}: ${why}`;
  }
  if (/^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_)/.test(code)) {
    return `tls: failed to verify certificate: ${message}`;
  }
  return said[code]?.(known) ?? message;
}

/** Of several addresses none of which answers, Node tells in one error. */
function each(error: unknown): SocketError[] {
  const inner = error instanceof AggregateError ? (error.errors as SocketError[]) : [];
  return [...inner, error as SocketError];
}

export function lateText(waitedMs: Millis): string {
  return `context deadline exceeded: no answer within ${waitedMs / 1000} s`;
}
