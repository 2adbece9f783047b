import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

/** The origin of every request: routes and answers name paths only, and trust no Host for more. */
const origin = 'https://serin.invalid';
const methodsWithoutBody = new Set(['GET', 'HEAD']);

/** The request an API Gateway HTTP API (payload 2.0) was sent; undefined if HTTP has no such thing. */
export function toRequest(event: APIGatewayProxyEventV2): Request | undefined {
  const { method } = event.requestContext.http;
  const query = event.rawQueryString === '' ? '' : `?${event.rawQueryString}`;
  const coding = event.isBase64Encoded ? 'base64' : 'utf8';
  const body = methodsWithoutBody.has(method) ? null : Buffer.from(event.body ?? '', coding);
  try {
    const headers = new Headers();
    for (const [name, value] of Object.entries(event.headers)) {
      if (value !== undefined) headers.set(name, value);
    }
    return new Request(`${origin}${event.rawPath}${query}`, { method, headers, body });
  } catch {
    // A method such as TRACE, or a header that is none.
    return undefined;
  }
}

/** The body as it was sent; undefined if it is longer than that, of which no more is read. */
export async function readBytes(
  request: Request,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What API Gateway's own authorizer says of who signed the request. Nothing a caller sends gets here. */
export function signatureOf({ requestContext }: APIGatewayProxyEventV2): unknown {
  const { authorizer } = requestContext as { authorizer?: { iam?: unknown } };
  return authorizer?.iam;
}

/** What fits into one packet gains nothing. */
const packedBytesMin = 1400;
const pack = promisify(gzip);

/** The answer, packed for who takes that: API Gateway packs nothing, and lists are a tenth of it or less. */
export async function toResult(
  response: Response,
  request?: Request,
): Promise<APIGatewayProxyStructuredResultV2> {
  const { status: statusCode, headers } = response;
  const body = Buffer.from(await response.arrayBuffer());
  const isLong = body.byteLength >= packedBytesMin;
  if (isLong) headers.append('vary', 'accept-encoding');
  if (!isLong || !takesGzip(request)) {
    const told = Object.fromEntries(headers);
    return { statusCode, headers: told, body: body.toString(), isBase64Encoded: false };
  }
  headers.set('content-encoding', 'gzip');
  const packed = await pack(body);
  const told = Object.fromEntries(headers);
  return { statusCode, headers: told, body: packed.toString('base64'), isBase64Encoded: true };
}

/** RFC 9110, 12.5.3. */
function takesGzip(request: Request | undefined): boolean {
  const accepted = request?.headers.get('accept-encoding') ?? '';
  const weights = new Map(
    accepted.split(',').map((each) => {
      const [coding = '', ...parameters] = each.toLowerCase().split(';');
      const weight = parameters.map((text) => /^\s*q=([\d.]+)\s*$/.exec(text)?.[1]).find(Boolean);
      return [coding.trim(), Number(weight ?? 1)];
    }),
  );
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0;
}

/** What a request gets that cannot even be put to the API. It tells nothing about what there is. */
export function notHttp(): Response {
  return new Response(null, { status: 400, headers: { 'cache-control': 'no-store' } });
}
