import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What happens to a request on its way. */
type Fate = {
  drop?: true;
  delayMs?: number;
  /** In place of the server's. */
  answer?: { status: number; headers?: Record<string, string>; body?: string };
  /** In place of those that were sent. */
  headers?: Record<string, string>;
};

export type Line = {
  server: string;
  /** What is decided of each request from now on; undefined lets it pass. */
  fate: (decide: (method: string, url: string) => Fate | undefined) => void;
  /** All that went over it, as `GET /path`. */
  asked: string[];
  close: () => Promise<void>;
};

/** Stands between a browser and a server on loopback. */
export async function startLine(target: string): Promise<Line> {
  const { hostname, port } = new URL(target);
  let decide: (method: string, url: string) => Fate | undefined = () => undefined;
  const asked: string[] = [];
  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/' } = incoming;
    asked.push(`${method} ${url}`);
    const { drop, delayMs = 0, answer: instead, headers: others } = decide(method, url) ?? {};
    if (drop) return void incoming.socket.destroy();
    if (delayMs > 0) await delay(delayMs);
    if (instead !== undefined) {
      return void response.writeHead(instead.status, instead.headers).end(instead.body);
    }
    const headers = { ...incoming.headers, ...others };
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    incoming.pipe(onward);
  };
  const server = createServer((incoming, response) => void pass(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fate: (next) => {
      decide = next;
    },
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
