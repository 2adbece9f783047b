import { type IncomingHttpHeaders, type IncomingMessage, request as sendPlain } from 'node:http';
import { request as sendSecure } from 'node:https';
import { headersOf, readBody, type Serving, serveHere } from './http.ts';

// A tap on a service of AWS: it counts the calls and what they would cost, hands them on, and can answer a
// throttle in the service's place.

export type Call = {
  /** `PutItem`, `DescribeRules`, or method and path where the service has no operations. */
  operation: string;
  /** Whose key it was signed with. */
  keyId: string;
  status: number;
  /** DynamoDB's own count: writes to the table and to its index, or reads. */
  writeUnits: number;
  readUnits: number;
  messages: number;
};

/** An error of AWS, or any answer. */
type Instead =
  | { status: number; type: string }
  | { status: number; body: object }
  | { status: number; xml: string };
export type Asked = { operation: string; keyId: string; body: string };

/** What to answer in the service's place; undefined hands the call on. */
export type Fault = (asked: Asked) => Instead | undefined;

/** `about` is what was asked, whole. */
export type After = (call: Call, about: string) => void;

export type Tap = Serving & {
  calls: Call[];
  setFault: (fault: Fault | undefined) => void;
  /** Is told of each call that the service has answered, before its caller is. */
  setAfter: (after: After | undefined) => void;
};

/** How the tap reaches its service, and is reached, where that is by TLS. */
type Secure = { ca: Buffer; own: { key: string; cert: string } };

type TapOptions = {
  secure?: Secure;
  /** Whoever may not do what they ask gets AccessDenied. */
  may?: (asked: Asked) => boolean;
};

const denied = { status: 400, type: 'AccessDeniedException' };
const writes = new Set(['PutItem', 'DeleteItem', 'UpdateItem']);
const reads = new Set(['GetItem', 'Query']);

export async function startTap(
  target: string,
  { secure, may = () => true }: TapOptions = {},
): Promise<Tap> {
  const calls: Call[] = [];
  let fault: Fault | undefined;
  let after: After | undefined;
  const serving = await serveHere(async (request, response) => {
    const headers = headersOf(request);
    const [, keyId = ''] = /Credential=([^/]+)/.exec(headers.authorization ?? '') ?? [];
    const asked = String(await readBody(request));
    const operation =
      headers['x-amz-target']?.split('.').at(-1) ??
      /^Action=(\w+)|&Action=(\w+)/.exec(asked)?.slice(1).find(Boolean) ??
      `${request.method} ${request.url}`;
    const counted = writes.has(operation) || reads.has(operation);
    const body = counted ? withCapacity(asked) : asked;
    const call = { operation, keyId, body };
    const refused = may(call) ? fault?.(call) : denied;
    const url = `${target}${request.url}`;
    const answered = refused
      ? refusal(refused, headers)
      : await hand(url, { method: request.method ?? 'GET', headers, body }, secure?.ca).catch(
          () => {},
        );
    // Who is not there does not answer.
    if (!answered) return void response.destroy();
    const { writeUnits, readUnits } = unitsOf(operation, answered.body);
    const messages = messagesIn(operation, answered.body);
    const { status } = answered;
    const counts = { operation, keyId, status, writeUnits, readUnits, messages };
    calls.push(counts);
    after?.(counts, `${request.url} ${body}`);
    response.writeHead(answered.status, answered.headers).end(answered.body);
  }, secure?.own);
  return {
    ...serving,
    calls,
    setFault: (next) => {
      fault = next;
    },
    setAfter: (next) => {
      after = next;
    },
  };
}

/** Neither of the stand-ins checks signatures, so that the request may be changed on its way. */
function withCapacity(body: string): string {
  return JSON.stringify({ ...JSON.parse(body), ReturnConsumedCapacity: 'TOTAL' });
}

type Answered = { status: number; headers: IncomingHttpHeaders; body: Buffer };

function refusal(instead: Instead, headers: IncomingHttpHeaders): Answered {
  if ('xml' in instead) {
    const { status, xml } = instead;
    return { status, headers: { 'content-type': 'text/xml' }, body: Buffer.from(xml) };
  }
  const said =
    'type' in instead ? { __type: instead.type, message: 'Rate exceeded' } : instead.body;
  const contentType = headers['content-type'] ?? 'application/json';
  return {
    status: instead.status,
    headers: {
      'content-type': contentType,
      ...('type' in instead && { 'x-amzn-errortype': instead.type }),
    },
    body: Buffer.from(JSON.stringify(said)),
  };
}

function hand(
  url: string,
  { method, headers, body }: { method: string; headers: IncomingHttpHeaders; body: string },
  ca?: Buffer,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    const options = { method, headers: { ...headers, ...length } };
    const take = (answer: IncomingMessage): void => {
      readBody(answer).then((read) => {
        const {
          'transfer-encoding': _,
          'x-amz-crc32': __,
          connection: ___,
          ...kept
        } = answer.headers;
        const sized = { ...kept, 'content-length': String(read.length) };
        resolve({ status: answer.statusCode ?? 500, headers: sized, body: read });
      }, reject);
    };
    const request = ca ? sendSecure(url, { ...options, ca }, take) : sendPlain(url, options, take);
    request.on('error', reject).end(body);
  });
}

function unitsOf(operation: string, body: Buffer): { writeUnits: number; readUnits: number } {
  const none = { writeUnits: 0, readUnits: 0 };
  if (!writes.has(operation) && !reads.has(operation)) return none;
  const { ConsumedCapacity, __type } = JSON.parse(String(body) || '{}');
  // A write that its condition refuses is paid as well, with one unit at least.
  const refusedUnits = String(__type).includes('ConditionalCheckFailed') ? 1 : 0;
  const units = ConsumedCapacity?.CapacityUnits ?? refusedUnits;
  return writes.has(operation) ? { ...none, writeUnits: units } : { ...none, readUnits: units };
}

function messagesIn(operation: string, body: Buffer): number {
  if (operation !== 'ReceiveMessage') return 0;
  return (JSON.parse(String(body) || '{}').Messages ?? []).length;
}
