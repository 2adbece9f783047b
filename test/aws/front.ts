import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { headersOf, readBody, type Serving, serveHere } from './http.ts';
import { type Invoked, type LambdaFunction, Throttled } from './lambda.ts';
import { account } from './services.ts';
import { type Keys, type Verdict, verifyHeader } from './sigv4.ts';

// What stands before the functions: an HTTP API of API Gateway (payload 2.0), with AWS_IAM on some paths,
// and Lambda's own Invoke API.

export type Route = {
  /** Any, if absent. */
  method?: 'GET' | 'POST';
  /** Of the first path that begins so. */
  prefix: string;
  target: LambdaFunction;
  /** AWS_IAM: the request must be signed for execute-api, and the function is told by whom. */
  iam?: boolean;
};

export type Front = Serving & { requests: { status: number; body: string }[] };

type FrontOptions = { routes: Route[]; keys: Keys; tls?: { key: string; cert: string } };

export async function startFront({ routes, keys, tls }: FrontOptions): Promise<Front> {
  const requests: Front['requests'] = [];
  const serving = await serveHere(async (request, response) => {
    const body = await readBody(request);
    const result = await answer(request, body, { routes, keys });
    requests.push({ status: result.statusCode ?? 200, body: String(body) });
    const coding = result.isBase64Encoded ? 'base64' : 'utf8';
    response.writeHead(result.statusCode ?? 200, result.headers as Record<string, string>);
    response.end(Buffer.from(result.body ?? '', coding));
  }, tls);
  return { ...serving, requests };
}

type Result = APIGatewayProxyStructuredResultV2;

async function answer(
  request: IncomingMessage,
  body: Buffer,
  { routes, keys }: { routes: Route[]; keys: Keys },
): Promise<Result> {
  const { pathname } = new URL(request.url ?? '/', 'http://front');
  const route = routes.find(
    ({ method = request.method, prefix }) =>
      method === request.method && pathname.startsWith(prefix),
  );
  if (!route) return said(404, 'Not Found');
  const caller = route.iam
    ? verifyRequest(request, body, { keys, service: 'execute-api' })
    : undefined;
  if (caller && 'refused' in caller) return said(403, 'Forbidden');
  try {
    const event = eventOf(request, body, caller);
    const { payload, functionError } = await route.target.invoke(event);
    if (functionError) return said(500, 'Internal Server Error');
    return JSON.parse(payload);
  } catch (error) {
    if (error instanceof Throttled) return said(503, 'Service Unavailable');
    throw error;
  }
}

function said(statusCode: number, message: string): Result {
  const headers = { 'content-type': 'application/json' };
  return { statusCode, headers, body: JSON.stringify({ message }) };
}

function verifyRequest(
  request: IncomingMessage,
  body: Buffer,
  { keys, service }: { keys: Keys; service: string },
): Verdict {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://front');
  const { method = 'GET' } = request;
  const headers = headersOf(request);
  return verifyHeader(
    { method, path: pathname, query: searchParams, headers, body, service },
    keys,
  );
}

function eventOf(
  request: IncomingMessage,
  body: Buffer,
  caller: { keyId: string; arn: string } | undefined,
): APIGatewayProxyEventV2 {
  const { pathname, search } = new URL(request.url ?? '/', 'http://front');
  const headers = headersOf(request);
  // The gateway never hands on what it has checked itself.
  const { connection: _, ...kept } = headers;
  const isText = /^(?:text\/|application\/(?:json|.*\+json|x-www-form-urlencoded))/.test(
    headers['content-type'] ?? 'text/plain',
  );
  const event = {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: kept,
    requestContext: {
      accountId: account,
      apiId: 'test',
      domainName: 'test.execute-api',
      domainPrefix: 'test',
      http: {
        method: request.method ?? 'GET',
        path: pathname,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: 'test',
      routeKey: '$default',
      stage: '$default',
      time: new Date().toISOString(),
      timeEpoch: Date.now(),
      ...(caller && { authorizer: { iam: iamOf(caller) } }),
    },
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
  return event;
}

/** As API Gateway tells a function who signed. */
function iamOf({ keyId, arn }: { keyId: string; arn: string }) {
  return {
    accessKey: keyId,
    accountId: arn.split(':')[4] ?? '',
    callerId: `AROATEST:${arn.split('/').at(-1)}`,
    cognitoIdentity: null,
    principalOrgId: 'o-test',
    userArn: arn,
    userId: `AROATEST:${arn.split('/').at(-1)}`,
  };
}

/** `POST /2015-03-31/functions/NAME/invocations`, for those who may. */
export async function startInvokeApi(
  functions: () => LambdaFunction[],
  { keys, mayInvoke }: { keys: Keys; mayInvoke: (keyId: string, name: string) => boolean },
): Promise<Serving> {
  return await serveHere(async (request, response) => {
    const body = await readBody(request);
    const refuse = (status: number, type: string, Message: string) => {
      response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type });
      response.end(JSON.stringify({ Type: 'User', Message }));
    };
    const verdict = verifyRequest(request, body, { keys, service: 'lambda' });
    if ('refused' in verdict) return refuse(403, 'InvalidSignatureException', verdict.refused);
    const [, name = ''] = /\/functions\/([^/]+)\/invocations/.exec(request.url ?? '') ?? [];
    if (!mayInvoke(verdict.keyId, name)) return refuse(403, 'AccessDeniedException', 'not allowed');
    const target = functions().find((each) => each.name === name);
    if (!target) return refuse(404, 'ResourceNotFoundException', `Function not found: ${name}`);
    let invoked: Invoked;
    try {
      invoked = await target.invoke(JSON.parse(String(body)));
    } catch (error) {
      if (error instanceof Throttled) return refuse(429, error.name, error.message);
      throw error;
    }
    const { payload, functionError } = invoked;
    response.writeHead(200, {
      'content-type': 'application/json',
      ...(functionError && { 'x-amz-function-error': functionError }),
    });
    response.end(payload);
  });
}
