import type { RequestListener, ServerResponse } from 'node:http';

export type Seen = {
  method: string;
  url: URL;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
};
type Reply = (response: ServerResponse, seen: Seen) => void;

/** A server that answers one request after the other as it is told, the last reply for ever. */
export function scripted(...replies: Reply[]): { listener: RequestListener; seen: Seen[] } {
  const seen: Seen[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', headers } = request;
    const one = {
      method,
      url: new URL(request.url ?? '', 'http://x'),
      headers,
      body: Buffer.concat(chunks).toString(),
    };
    seen.push(one);
    const reply = replies[Math.min(seen.length, replies.length) - 1];
    reply?.(response, one);
  };
  return { listener, seen };
}

export function answer(status: number, body: object | string): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

export function status(code: number, reason: string, message: string, details: object = {}): Reply {
  const head = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' };
  return answer(code, { ...head, message, reason, details, code });
}

export const hang: Reply = () => {};
export const reset: Reply = (response) => response.destroy();
/** The connection ends in the middle of the answer. */
export const cutOff: Reply = (response) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('{"metadata":');
  setTimeout(() => response.destroy(), 10);
};
