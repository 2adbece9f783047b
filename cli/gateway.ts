import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Log } from '../lib/world.ts';
import { noContext } from './consumer.ts';

/** The functions take a context they do not use. */
export type ApiHandler = (
  event: APIGatewayProxyEventV2,
  context: typeof noContext,
) => Promise<APIGatewayProxyStructuredResultV2>;

/** What is read of a body before the answer is no. The API itself allows far less. */
const bodyBytesMax = 1024 * 1024;

/** Stands where API Gateway stands in AWS: HTTP in, the events of the API's function out. */
export function localGateway(handler: ApiHandler, log: Log): Server {
  return createServer((request, response) => {
    answer(handler, request, response).catch((error: unknown) => {
      log('error', 'the local server failed', { error });
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  });
}

async function answer(
  handler: ApiHandler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  // As API Gateway: such a request does not get as far as the function.
  if (body === undefined) return void response.writeHead(413, { connection: 'close' }).end();
  if (!request.url?.startsWith('/')) return void response.writeHead(400).end();
  const result = await handler(toEvent(request, body), noContext);
  const text = result.body ?? '';
  response.writeHead(result.statusCode ?? 200, result.headers as Record<string, string>);
  response.end(request.method === 'HEAD' ? undefined : text);
}

/** Undefined if there is too much of it. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
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
