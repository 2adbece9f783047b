import type * as z from 'zod';
import type { Submission } from '../commands/submit.ts';
import { defined } from '../model/defined.ts';
import { faultList, faultsMax } from '../model/faults.ts';
import type { Command, Verb } from '../model/intent.ts';
import { nearestName } from '../model/nearest.ts';
import { fromTime, toTime } from '../model/units.ts';
import { readBytes } from './http.ts';
import { jsonErrorAt } from './jsonError.ts';
import { ProblemError, problem } from './problem.ts';
import { bodies, knownFields, type queries, trialBody } from './requestSchemas.ts';

/** Far above what any command needs. */
export const bodyBytesMax = 64 * 1024;

export type CommandBody = Pick<Submission, 'command' | 'expect' | 'reason'>;

/** The command a request asks for; throws the problem with it. No body is an empty one. */
export async function readCommand(verb: Verb, request: Request): Promise<CommandBody> {
  const text = await readText(request);
  const isEmpty = text.trim() === '';
  if (!isEmpty) requireJson(request);
  const parsed = bodies[verb].safeParse(isEmpty ? {} : parseJson(text));
  if (!parsed.success) {
    throw invalid(parsed.error.issues, (path) => knownFields(verb, path), 'field');
  }
  const { expect, reason, ...fields } = parsed.data;
  return {
    // The schema of this verb has just said that these are its fields.
    command: inUtc({ verb, ...fields } as Command),
    ...defined({ expect, reason }),
  };
}

/** The trial that a request asks for; throws the problem with it. */
export async function readTrial(request: Request): Promise<z.infer<typeof trialBody>> {
  const text = await readText(request);
  const isEmpty = text.trim() === '';
  if (!isEmpty) requireJson(request);
  const parsed = trialBody.safeParse(isEmpty ? {} : parseJson(text));
  if (parsed.success) return parsed.data;
  const known = (path: PropertyKey[]) => (path.length > 0 ? [] : Object.keys(trialBody.shape));
  throw invalid(parsed.error.issues, known, 'field');
}

/** The query's values; throws the problem with them. */
export function readQuery<Q extends (typeof queries)[keyof typeof queries]>(
  schema: Q,
  url: URL,
): ReturnType<Q['parse']> {
  const parsed = schema.safeParse(Object.fromEntries(url.searchParams));
  if (parsed.success) return parsed.data as ReturnType<Q['parse']>;
  throw invalid(parsed.error.issues, () => Object.keys(schema.shape), 'query parameter');
}

async function readText(request: Request): Promise<string> {
  const bytes = await readBytes(request, bodyBytesMax);
  if (bytes === undefined) throw tooLarge();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ProblemError(problem('malformed-json', 'The body is not UTF-8. Send JSON in UTF-8.'));
  }
}

function tooLarge(): ProblemError {
  const detail = `The body is larger than ${bodyBytesMax} bytes, which no command needs.`;
  return new ProblemError(problem('too-large', detail));
}

function requireJson({ headers }: Request): void {
  const type = headers.get('content-type') ?? '';
  const coding = headers.get('content-encoding') ?? 'identity';
  if (!/^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i.test(type)) {
    const was = type === '' ? 'missing' : type;
    const detail = `The Content-Type is ${was}. Send the body as application/json.`;
    throw new ProblemError(problem('unsupported-media-type', detail));
  }
  if (coding !== 'identity') {
    const detail = `The Content-Encoding is ${coding}. Send the body as it is, without one.`;
    throw new ProblemError(problem('unsupported-media-type', detail));
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const { line, column, position } = jsonErrorAt(text);
    const detail =
      `The body is not valid JSON: it goes wrong at line ${line}, column ${column} ` +
      `(position ${position}). Correct it and send it again.`;
    throw new ProblemError(problem('malformed-json', detail, { line, column, position }));
  }
}

/** Kubernetes keeps times in UTC and whole seconds, so one instant has one form. */
function inUtc(command: Command): Command {
  if (command.verb !== 'restart' || command.at === undefined) return command;
  return { ...command, at: toTime(fromTime(command.at)) };
}

type Issue = { code?: string; path: PropertyKey[]; message: string; keys?: string[] };

function invalid(
  issues: readonly Issue[],
  known: (path: PropertyKey[]) => string[],
  what: string,
): ProblemError {
  const all = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? (issue.keys ?? []).map((key) => unknownField(issue.path, key, known(issue.path), what))
      : [{ field: issue.path.join('.'), detail: wordsOf(issue) }],
  );
  const list = all.map(({ field, detail }) => (field === '' ? detail : `${field} ${detail}`));
  const errors = all.slice(0, faultsMax);
  const moreErrors = all.length - errors.length;
  const told = { errors, ...(moreErrors > 0 && { moreErrors }) };
  return new ProblemError(problem('invalid', `Nothing was done: ${faultList(list)}.`, told));
}

function unknownField(path: PropertyKey[], key: string, known: string[], what: string) {
  const nearest = nearestName(key, known);
  const hint =
    nearest !== undefined
      ? `did you mean ${nearest}?`
      : `known are ${known.length === 0 ? 'none' : known.join(', ')}`;
  return { field: [...path, key].join('.'), detail: `is an unknown ${what}; ${hint}` };
}

/** The schemas' own messages begin with must; the library's are turned so that they follow a name. */
function wordsOf({ message }: Issue): string {
  if (message.endsWith('received undefined')) return 'is missing';
  const received = /^Invalid input: expected (.+), received (.+)$/.exec(message);
  if (received) return `must be of type ${received[1]}, not ${received[2]}`;
  return message
    .replace(/^Invalid (?:input|option): expected/, 'must be')
    .replace(/^Too /, 'is too ');
}
