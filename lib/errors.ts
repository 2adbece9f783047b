/**
 * The four kinds of error that cross Serin's edges. The kind says what the caller does next;
 * anything else that is thrown is a bug and ends in the dead-letter queue.
 */

/** What was read is no longer true: observe again at once. */
export class Conflict extends Error {
  override name = 'Conflict';
}

/** The object does not exist (any more). */
export class NotFound extends Error {
  override name: string = 'NotFound';
  /** In which version the cluster would have it, where it does not serve the preferred one. */
  readonly apiVersion?: string;

  constructor(message: string, options: ErrorOptions & { apiVersion?: string } = {}) {
    super(message, options);
    if (options.apiVersion !== undefined) this.apiVersion = options.apiVersion;
  }
}

/** Nor can it: the cluster does not serve its kind, in no version that Serin can use. */
export class NotServed extends NotFound {
  override name = 'NotServed';
}

/** It may work later: a throttle, a timeout, a 5xx. Retry with backoff. */
export class Transient extends Error {
  override name: string = 'Transient';
}

/** The cluster's API server gave no answer, or none of its own. */
export class Unreachable extends Transient {
  override name = 'Unreachable';
}

/** It will not work by trying again: refused, forbidden, malformed. Somebody has to change something. */
export class Terminal extends Error {
  override name = 'Terminal';
}

/** Terminal for want of a right in the cluster. `remedy` names the RBAC rule that gives it. */
export class MissingRight extends Terminal {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** The Node that this runs on lacks what was asked for. */
export class OldNode extends Error {
  override name = 'OldNode';
}

const unread: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'it may not be read',
};

/** Why a file cannot be read, for people. Of a parser's message only the first line, without an excerpt. */
export function whyUnread(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return unread[code] ?? message.split('\n')[0] ?? '';
}

/** What would put an error right, where that is known. */
export function remedyOf(error: unknown): { remedy?: string } {
  return error instanceof MissingRight ? { remedy: error.remedy } : {};
}

/** For `catch`: nothing, where the object does not exist (any more). */
export function ifGone(error: unknown): undefined {
  if (error instanceof NotFound) return undefined;
  throw error;
}

/** For `catch`: a Conflict, where what was to be written is gone, so that there is another look. */
export function ifOutdated(error: unknown): never {
  if (error instanceof NotFound) throw new Conflict('An object is gone', { cause: error });
  throw error;
}

/** For `catch`: nothing, where somebody else wrote in the meantime. */
export function ifWritten(error: unknown): undefined {
  if (error instanceof Conflict) return undefined;
  throw error;
}
