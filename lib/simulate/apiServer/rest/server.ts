import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { failureAnswer, Refused, type RestAnswer, type Sink } from './answers.ts';
import type { RestApi } from './api.ts';

/** As much as the real server takes in one request. */
const bodyMaxBytes = 3 * 1024 * 1024;
/** A watcher that reads more slowly than this piles up is cut off, and may watch again. */
const backlogMaxBytes = 8 * 1024 * 1024;

/** The simulated API server behind node:http. */
export function restListener(api: RestApi): RequestListener {
  return (message, response) => {
    void serve(api, message, response).catch((error) => response.destroy(error));
  };
}

async function serve(
  api: RestApi,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', headers } = message;
  const body = await bodyOf(message);
  // Names are plain, so that nothing in a path that is served is ever escaped.
  const url = new URL(`http://simulated${message.url ?? '/'}`);
  const answer =
    body === undefined
      ? failureAnswer(tooLarge(), method, {})
      : await api({
          method,
          path: url.pathname,
          query: url.searchParams,
          headers,
          body,
        });
  send(answer, response);
}

function tooLarge(): Refused {
  const message = `the request is larger than ${bodyMaxBytes} bytes`;
  return new Refused(413, 'RequestEntityTooLarge', message);
}

/** Undefined when it is too large; what is left of it then is read and dropped. */
async function bodyOf(message: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= bodyMaxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes <= bodyMaxBytes ? Buffer.concat(chunks).toString() : undefined;
}

function send(answer: RestAnswer, response: ServerResponse): void {
  response.writeHead(answer.status, answer.headers);
  if ('body' in answer) {
    response.end(answer.body);
    return;
  }
  response.flushHeaders();
  const sink: Sink = {
    send: (line) => {
      if (response.writableLength > backlogMaxBytes) response.destroy();
      else response.write(line);
    },
    end: () => response.end(),
  };
  const stop = answer.open(sink);
  if (response.destroyed) stop();
  else response.on('close', stop);
}
