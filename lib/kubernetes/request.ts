import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type Millis, secondMs } from '../model/units.ts';

// Requests by Node's own client, over connections that stay open. HTTP/2, which would need one alone,
// takes more than twice the processor time and memory here.

export type Request = {
  url: URL;
  method: string;
  headers: Record<string, string>;
  body?: string;
  agent: HttpAgent;
};

/** How long a connection is kept that nobody uses: API servers and load balancers keep theirs longer. */
const idleMs: Millis = 30 * secondMs;

/** Keeps the connections to one server. `tls` says whom to trust, and as whom to come. */
export function connections(protocol: string, tls: AgentOptions): HttpAgent {
  const kept = { keepAlive: true, keepAliveMsecs: idleMs, timeout: idleMs } as const;
  return protocol === 'https:' ? new HttpsAgent({ ...tls, ...kept }) : new HttpAgent(kept);
}

/** Resolves once the head of the answer is there. */
export async function send(
  { url, method, headers, body, agent }: Request,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  // Node sends no length with a DELETE of its own accord.
  const length = body !== undefined && { 'Content-Length': Buffer.byteLength(body) };
  return await new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, ...length }, agent, signal };
    const sent = request(url, options, resolve);
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The whole of an answer. */
export async function textOf(answer: IncomingMessage): Promise<string> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    answer.on('error', reject);
  });
}
