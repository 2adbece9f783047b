import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { ApiDeps } from '../lib/api/call.ts';
import { notHttp, signatureOf, toRequest, toResult } from '../lib/api/http.ts';
import { apiRoutes } from '../lib/api/routes.ts';

/** Makes the handler of the HTTP API: for API Gateway, and for the local server, which speaks as it does. */
export function apiHandler(deps: ApiDeps) {
  const app = apiRoutes(deps);
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>().handler(
    async (event) => {
      const request = toRequest(event);
      if (request === undefined) return toResult(notHttp());
      const response = await app.fetch(request, { signature: signatureOf(event) });
      return toResult(response, request);
    },
  );
}
