import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { Terminal } from '../errors.ts';
import type { HttpAnswer } from '../model/httpRequest.ts';
import { own } from '../model/own.ts';
import { secondMs } from '../model/units.ts';

/** No answer that is measured is longer. */
const answerMaxBytes = 1024 * 1024;
const idleMs = 30 * secondMs;

/** Connections, which are kept between measurements, to addresses that were checked. */
export type Connections = { http: HttpAgent; https: HttpAgent; insecure: HttpAgent };

export function connectionsBy(lookup: LookupFunction): Connections {
  const kept = { keepAlive: true, keepAliveMsecs: idleMs, timeout: idleMs, lookup } as const;
  return {
    http: new HttpAgent(kept),
    https: new HttpsAgent(kept),
    insecure: new HttpsAgent({ ...kept, rejectUnauthorized: false }),
  };
}

export type Sent = {
  url: URL;
  method: string;
  headers: Record<string, string>;
  body?: string | undefined;
  insecure?: boolean | undefined;
};

/** One request, without following anywhere. */
export async function send(
  connections: Connections,
  { url, method, headers, body, insecure = false }: Sent,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const isSecure = url.protocol === 'https:';
  const request = isSecure ? requestHttps : requestHttp;
  const agent = isSecure ? connections[insecure ? 'insecure' : 'https'] : connections.http;
  const hasBody = body !== undefined || ['POST', 'PUT'].includes(method);
  const length = hasBody && { 'Content-Length': String(Buffer.byteLength(body ?? '')) };
  const once = async (): Promise<HttpAnswer> =>
    await new Promise((resolve, reject) => {
      const options = { method, agent, signal, headers: { ...headers, ...length } };
      const sent = request(url, options, (answer) => {
        bodyOf(answer).then(
          (text) => resolve(answerOf(answer, text)),
          (error: unknown) => {
            sent.destroy();
            reject(error);
          },
        );
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        reject(Object.assign(error, { reused: sent.reusedSocket }));
      });
      sent.end(body);
    });
  try {
    return await once();
  } catch (error) {
    // A connection that was kept may have been closed by the server: then nothing was asked.
    const { code, reused } = error as NodeJS.ErrnoException & { reused?: boolean };
    const isDropped = reused === true && (code === 'ECONNRESET' || code === 'EPIPE');
    if (isDropped && !signal.aborted) return await once();
    throw error;
  }
}

export function answerOf({ statusCode = 0, headers }: IncomingMessage, body: string): HttpAnswer {
  const texts = Object.entries(headers).map(([name, value = '']) => [
    name,
    Array.isArray(value) ? value.join(', ') : value,
  ]);
  return { status: statusCode, headers: Object.fromEntries(texts), body };
}

const decoders: Record<string, () => NodeJS.ReadWriteStream> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** All of an answer's text. Rejects with Terminal where it is too long. */
export async function bodyOf(answer: IncomingMessage): Promise<string> {
  const decoder = own(decoders, answer.headers['content-encoding']?.toLowerCase() ?? '');
  const plain = decoder ? pipedTo(answer, decoder()) : answer;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of plain) {
    const part = Buffer.from(chunk as Buffer);
    length += part.length;
    // What is packed may be far longer than what was sent.
    if (length > answerMaxBytes) throw new Terminal('the answer is longer than 1 MiB');
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function pipedTo(answer: IncomingMessage, decoder: NodeJS.ReadWriteStream): NodeJS.ReadWriteStream {
  answer.on('error', (error) => decoder.emit('error', error));
  return answer.pipe(decoder);
}
