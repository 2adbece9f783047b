import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { type PageSource, pageAnswer } from '../lib/web/answer.ts';

/** Makes the handler of the page's files, which asks nobody's name: for API Gateway and the local server. */
export function pageHandler({ files, config }: PageSource) {
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>().handler(
    async ({ requestContext, rawPath, headers: asked }) => {
      const { method } = requestContext.http;
      const ask = { method, path: rawPath, headers: asked };
      const { status, headers, body } = pageAnswer({ files, config: await config() }, ask);
      return {
        statusCode: status,
        headers: { ...headers, 'content-length': String(body.byteLength) },
        body: body.toString('base64'),
        isBase64Encoded: true,
      };
    },
  );
}
