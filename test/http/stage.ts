import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type HttpOptions, httpClient } from '../../lib/http/client.ts';
import type { HttpAnswer } from '../../lib/model/httpRequest.ts';
import { type HttpRequest, viaOf } from '../../lib/model/httpRequest.ts';

/** What came over the wire: the request line, the headers as they were written, the body. */
export type Came = { line: string; headers: Record<string, string>; body: string };
type Answering = (came: Came, response: ServerResponse) => void;

/** A server on loopback that keeps what it is asked. */
export async function server(
  answer: Answering,
): Promise<{ url: string; port: number; came: Came[] }> {
  const came: Came[] = [];
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = cameOf(request, Buffer.concat(chunks).toString('utf8'));
      came.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  const { port } = http.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, came };
}

function cameOf({ method, url, rawHeaders }: IncomingMessage, body: string): Came {
  const pairs = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : [],
  );
  const headers = Object.fromEntries(pairs.filter(([name]) => name !== 'Connection'));
  return { line: `${method} ${url}`, headers, body };
}

/** As `serin run` has it: everything but metadata may be reached. */
export const openPolicy = {
  openZones: ['private', 'loopback'] as const,
  hosts: [],
  remedy: 'allow it',
};

/** One request by a client of its own. */
export function asking(options: Partial<HttpOptions> = {}, endsAt = Number.POSITIVE_INFINITY) {
  const http = httpClient({
    ...{ policy: openPolicy, userAgent: 'serin/test' },
    service: async () => 'direct',
    credentialsFor: async () => ({ accessKeyId: 'AKID', secretAccessKey: 'SECRET' }),
    ...options,
  });
  return async (url: string, request: Partial<HttpRequest> = {}): Promise<HttpAnswer> => {
    const whole = { method: 'GET', url, headers: [], timeoutMs: 2000, nonce: '1', ...request };
    return await http({ http: whole, via: viaOf(url) }, endsAt);
  };
}
