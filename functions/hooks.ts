import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { notHttp, toRequest, toResult } from '../lib/api/http.ts';
import { type HookDeps, receive } from '../lib/hooks/receive.ts';

/** Makes the handler of the webhooks: signed deliveries of CI systems, which become commands. */
export function hooksHandler(deps: HookDeps) {
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>().handler(
    async (event) => {
      const request = toRequest(event);
      return toResult(request === undefined ? notHttp() : await receive(deps, request));
    },
  );
}
