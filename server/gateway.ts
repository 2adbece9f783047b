import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { bodyBytesMax } from '../lib/api/body.ts';
import { slackBytesMax } from '../lib/hooks/slack.ts';
import { secondMs } from '../lib/model/units.ts';
import type { Log } from '../lib/world.ts';
import { noContext } from './consumer.ts';

/** The functions take a context they do not use. */
export type ApiHandler = (
  event: APIGatewayProxyEventV2,
  context: typeof noContext,
) => Promise<APIGatewayProxyStructuredResultV2>;

export const hooksPath = '/v1/hooks/';

/** Anybody on this machine may connect, with a token or without. */
const limits = {
  /** How long a request may take to arrive. */
  requestMs: 15 * secondMs,
  /** How often that is looked at: Node's own half a minute would make it three times as long. */
  lookMs: 2 * secondMs,
  /** Of those that have not asked to the end: the next one costs the oldest its place. */
  waitingMax: 256,
};

/** Stands where API Gateway stands in AWS: HTTP in, the events of the API's function out. */
export function localGateway(
  handler: ApiHandler,
  log: Log,
  { requestMs, lookMs, waitingMax } = limits,
): Server {
  const times = { requestTimeout: requestMs, connectionsCheckingInterval: lookMs };
  const places = waitingRoom(waitingMax);
  const server = createServer(times, (request, response) => {
    const asked = () => {
      places.leave(request.socket);
      response.once('close', () => places.enter(request.socket));
    };
    answer(handler, request, response, asked).catch((error: unknown) => {
      if (request.destroyed && !request.complete) {
        log('debug', 'a caller went away in mid-request');
        return;
      }
      log('error', 'the local server failed', { error });
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  });
  server.on('connection', (socket) => {
    places.enter(socket);
    socket.once('close', () => places.leave(socket));
  });
  return server;
}

/** Who takes a place and does not use it keeps nobody out: the longest there goes when it is full. */
function waitingRoom(max: number) {
  const waiting = new Set<Socket>();
  return {
    enter: (socket: Socket): void => {
      if (socket.destroyed) return;
      waiting.add(socket);
      const [oldest] = waiting;
      if (waiting.size > max) oldest?.destroy();
    },
    leave: (socket: Socket): void => void waiting.delete(socket),
  };
}

async function answer(
  handler: ApiHandler,
  request: IncomingMessage,
  response: ServerResponse,
  asked: () => void,
): Promise<void> {
  const isHook = request.url?.startsWith(hooksPath);
  const { body, isWhole } = await readBody(request, isHook ? slackBytesMax : bodyBytesMax);
  asked();
  if (!request.url?.startsWith('/')) return void response.writeHead(400).end();
  const result = await handler(toEvent(request, body), noContext);
  const coding = result.isBase64Encoded === true ? 'base64' : 'utf8';
  const bytes = Buffer.from(result.body ?? '', coding);
  const headers = { ...result.headers, ...(!isWhole && { connection: 'close' }) };
  response.writeHead(result.statusCode ?? 200, headers as Record<string, string>);
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** No more of it than the API needs to see that it is too large: whoever sends it need not have a token. */
async function readBody(
  request: IncomingMessage,
  bytesMax: number,
): Promise<{ body: Buffer; isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.byteLength;
    chunks.push(chunk);
    if (bytes > bytesMax) {
      return { body: Buffer.concat(chunks).subarray(0, bytesMax + 1), isWhole: false };
    }
  }
  return { body: Buffer.concat(chunks), isWhole: true };
}

/** Payload format 2.0 of an HTTP API, with a body in base64 so that its bytes arrive as they are. */
export function toEvent(
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'httpVersion'>,
  body: Buffer,
): APIGatewayProxyEventV2 {
  const { method = 'GET', url = '/' } = request;
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query < 0 ? '' : url.slice(query + 1),
    headers,
    requestContext: {
      accountId: 'local',
      apiId: 'local',
      domainName: 'localhost',
      domainPrefix: 'localhost',
      http: {
        method,
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: new Date().toISOString(),
      timeEpoch: Date.now(),
    },
    ...(body.byteLength === 0 ? {} : { body: body.toString('base64') }),
    isBase64Encoded: body.byteLength > 0,
  };
}
