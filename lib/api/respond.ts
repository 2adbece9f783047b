import { digestOf, textDigest } from '../commands/digest.ts';
import type { Millis } from '../model/units.ts';
import type { Problem } from './problem.ts';

type Extra = { status?: number; headers?: Record<string, string> };

/** An answer that holds for this moment. */
export function answer(body: object, extra: Extra = {}): Response {
  return textAnswer(JSON.stringify(body), extra);
}

function textAnswer(text: string, { status = 200, headers = {} }: Extra): Response {
  const always = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return new Response(text, { status, headers: { ...always, ...headers } });
}

/**
 * An answer that a client may keep and ask for again by its tag. The tag is a weak one: it is of what
 * `tagged` holds, so that a turn which found nothing new does not look like news. `observedAt`, which the
 * tag leaves out, comes as a header: a 304 has it too.
 */
export function taggedAnswer(request: Request, body: object, tagged: unknown): Response {
  const { observedAt } = body as { observedAt?: Millis };
  const headers = observedAt === undefined ? {} : { 'serin-observed-at': String(observedAt) };
  const text = () => JSON.stringify(body);
  return ifChanged(request, { tag: digestOf(tagged), text, headers });
}

/** The same for a long one, all of which is news. Lists of thousands are written once. */
export function longAnswer(request: Request, body: object): Response {
  const text = JSON.stringify(body);
  return ifChanged(request, { tag: textDigest(text), text: () => text });
}

function ifChanged(
  request: Request,
  { tag, text, headers }: { tag: string; text: () => string; headers?: Record<string, string> },
): Response {
  const etag = `W/"${tag}"`;
  const all = { etag, 'cache-control': 'private, no-cache', ...headers };
  const known = request.headers.get('if-none-match') ?? '';
  const isKnown = known.split(',').some((each) => [etag, etag.slice(2), '*'].includes(each.trim()));
  return isKnown
    ? new Response(null, { status: 304, headers: all })
    : textAnswer(text(), { headers: all });
}

export function problemAnswer(problem: Problem, instance: string): Response {
  const { retryAfterSeconds, allow } = problem;
  return answer(
    { ...problem, instance },
    {
      status: problem.status,
      headers: {
        'content-type': 'application/problem+json',
        ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
        ...(Array.isArray(allow) ? { allow: allow.join(', ') } : {}),
        ...(problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      },
    },
  );
}
