import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { admissionHandler } from '../../functions/admission.ts';
import { noContext } from '../../server/consumer.ts';
import { one } from '../kubernetes/certificates.ts';

/** What an HTTP API or a function URL makes of a request. */
export function eventOf(method: string, path: string, body: Buffer): APIGatewayProxyEventV2 {
  const [rawPath = '', rawQueryString = ''] = path.split('?');
  return {
    ...{ version: '2.0', routeKey: '$default', rawPath, rawQueryString, headers: {} },
    requestContext: { http: { method, path: rawPath } },
    body: body.toString('base64'),
    isBase64Encoded: true,
  } as unknown as APIGatewayProxyEventV2;
}

type Call = { path: string; body: string };

/** The handler behind TLS on loopback, as kube-apiserver reaches it. `hold` keeps answers back. */
export async function serveDoorbell(handler: ReturnType<typeof admissionHandler>, port = 0) {
  const calls: Call[] = [];
  const state = { hold: false };
  const server = createServer(one, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const path = request.url ?? '';
    calls.push({ path, body: body.toString() });
    if (state.hold) return;
    const event = eventOf(request.method ?? '', path, body);
    const answer = (await handler(event, noContext)) as APIGatewayProxyStructuredResultV2;
    response.writeHead(answer.statusCode ?? 500, answer.headers as Record<string, string>);
    response.end(answer.body);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caBundle: Buffer.from(one.cert).toString('base64'),
    calls,
    state,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
