import { Conflict, NotFound, Terminal, Transient } from '../../../errors.ts';

/** A request as node:http has it, its body read to the end. */
export type RestRequest = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: { [name: string]: string | string[] | undefined };
  body: string;
};

export type RestAnswer = WholeAnswer | StreamAnswer;
type WholeAnswer = { status: number; headers: Record<string, string>; body: string };
/** Lines for as long as the client listens; `open` answers how to stop. */
type StreamAnswer = {
  status: number;
  headers: Record<string, string>;
  open: (sink: Sink) => () => void;
};
export type Sink = { send: (line: string) => void; end: () => void };

/** A refusal that only the REST form of the API knows. */
export class Refused extends Error {
  override name = 'Refused';
  readonly code: number;
  readonly reason: string;
  readonly details: object | undefined;
  constructor(code: number, reason: string, message: string, details?: object) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

export function badRequest(message: string): Refused {
  return new Refused(400, 'BadRequest', message);
}

export function noSuchResource(): Refused {
  return new Refused(404, 'NotFound', 'the server could not find the requested resource');
}

export function noSuchMethod(): Refused {
  const message = 'the server does not allow this method on the requested resource';
  return new Refused(405, 'MethodNotAllowed', message);
}

export function json(body: object, status = 200): RestAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

export function success(details: object, status = 200): RestAnswer {
  return json({ ...statusHead, status: 'Success', details }, status);
}

const statusHead = { kind: 'Status', apiVersion: 'v1', metadata: {} };

export function failureStatus(error: Refused): object {
  const { code, reason, message, details = {} } = error;
  return { ...statusHead, status: 'Failure', message, reason, details, code };
}

/** What a failure looks like from outside. `subject` is what the request was about. */
export function failureAnswer(error: unknown, method: string, subject: object): RestAnswer {
  const refused = refusedBy(error, method, subject);
  const answer = json(failureStatus(refused), refused.code);
  const isThrottle = refused.code === 429;
  return isThrottle ? { ...answer, headers: { ...answer.headers, 'retry-after': '10' } } : answer;
}

function refusedBy(error: unknown, method: string, subject: object): Refused {
  if (error instanceof Refused) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof NotFound) return new Refused(404, 'NotFound', message, subject);
  if (error instanceof Conflict) {
    const reason = method === 'POST' ? 'AlreadyExists' : 'Conflict';
    return new Refused(409, reason, message, subject);
  }
  if (error instanceof Terminal) return new Refused(422, 'Invalid', message, subject);
  if (error instanceof Transient) return new Refused(503, 'ServiceUnavailable', message);
  return new Refused(500, 'InternalError', `Internal error occurred: ${message}`);
}
