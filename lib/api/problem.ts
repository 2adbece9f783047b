/** A problem document (RFC 9457). Members beyond the first four are extensions. */
export type Problem = {
  /** A relative reference: what kind of problem it is, for programs. */
  type: string;
  title: string;
  status: number;
  /** What happened this time, and what to do about it, for people. */
  detail: string;
  /** Becomes the Retry-After header. */
  retryAfterSeconds?: number;
  [extension: string]: unknown;
};

const kinds = {
  'malformed-json': [400, 'The body is not JSON'],
  'bad-header': [400, 'A request header is not valid'],
  'bad-request': [400, 'The request is not valid'],
  unauthenticated: [401, 'Who are you?'],
  forbidden: [403, 'Not allowed'],
  'not-found': [404, 'Not found'],
  'method-not-allowed': [405, 'This method is not for this resource'],
  mismatch: [409, 'The rollout is not as expected'],
  'not-applicable': [409, 'The command does not fit the state of the rollout'],
  superseded: [409, 'The rollout changed before the command was carried out'],
  refused: [409, 'The command was refused'],
  expired: [409, 'The command came too late'],
  'too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The body must be JSON'],
  'wrong-host': [421, 'This server has another name'],
  invalid: [422, 'The request is not valid'],
  'key-reused': [422, 'The Idempotency-Key was used for something else'],
  'too-many-commands': [429, 'Too many open commands'],
  bug: [500, 'Serin made a mistake'],
  unavailable: [503, 'Not possible at the moment'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemKind = keyof typeof kinds;

export function problem(kind: ProblemKind, detail: string, extensions: object = {}): Problem {
  const [status, title] = kinds[kind];
  return { type: `/problems/${kind}`, title, status, detail, ...extensions };
}

/** Carries a problem to the edge of the API, from however deep it was found. */
export class ProblemError extends Error {
  override name = 'ProblemError';
  readonly problem: Problem;

  constructor(found: Problem) {
    super(found.detail);
    this.problem = found;
  }
}
