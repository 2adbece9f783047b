import middy from '@middy/core';
import errorLogger from '@middy/error-logger';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { doorbell } from '../lib/admission/admission.ts';
import type { Enqueuing } from '../lib/admission/enqueue.ts';

/** The admission webhook, behind an HTTP API or a function URL: both speak payload 2.0. */
export function admissionHandler(world: Enqueuing) {
  const answer = doorbell(world);
  const logger = ({ error }: { error?: unknown }) =>
    world.log('error', 'the doorbell failed', { error: String(error) });
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
    .use(errorLogger({ logger }))
    .handler(async ({ requestContext, rawPath, body = '', isBase64Encoded }) => {
      const coding = isBase64Encoded ? 'base64' : 'utf8';
      const { method } = requestContext.http;
      const answered = await answer({ method, path: rawPath, body: Buffer.from(body, coding) });
      const type = answered.status === 200 ? 'application/json' : 'text/plain; charset=utf-8';
      const headers = { 'content-type': type, 'cache-control': 'no-store' };
      return { statusCode: answered.status, headers, body: answered.body };
    });
}
