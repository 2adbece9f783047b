import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished, vi } from 'vitest';
import { dynamoListener } from '../store/dynamo.ts';

export const table = 'serin-test';

/** A table behind DynamoDB's own protocol, where the SDK's variables lead to. */
export async function startTable() {
  const { url, server } = await listen(createServer(dynamoListener({ name: table })));
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', url);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  return { server };
}

/** The functions that a Lambda of this machine was asked to run, and what it answers. */
export async function startLambda(answer: () => object) {
  const invoked: { name: string; request: object }[] = [];
  const { url } = await listen(
    createServer(async (request, response) => {
      const name = /functions\/([^/]+)\/invocations/.exec(request.url ?? '')?.[1] ?? '';
      invoked.push({ name, request: JSON.parse(await text(request)) });
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer()));
    }),
  );
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', url);
  return { invoked };
}

async function listen(server: Server): Promise<{ url: string; server: Server }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
