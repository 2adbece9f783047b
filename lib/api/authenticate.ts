import { kubectlFor } from '../commands/kubectl.ts';
import { isVerb, unreadCommand } from '../commands/verbs.ts';
import { Terminal, Transient } from '../errors.ts';
import type { Caller } from '../model/caller.ts';
import { defined } from '../model/defined.ts';
import type { Command } from '../model/intent.ts';
import { type Millis, secondMs } from '../model/units.ts';
import { type ApiDeps, type Call, iamRoot } from './call.ts';
import { areNames } from './pathNames.ts';
import { ProblemError, problem } from './problem.ts';

/** What came with a request beside itself: what API Gateway says of its signature. */
export type Bindings = { signature?: unknown };

/** Whether a path is one of those that API Gateway lets through only with AWS's signature. */
export function rootOf(path: string): Call['root'] {
  return path === iamRoot || path.startsWith(`${iamRoot}/`) ? iamRoot : '';
}

/**
 * Who sends the request; throws the problem if that is not known. Under /iam the gateway's word counts
 * and nothing else; elsewhere it does not count.
 */
export async function requireCaller(
  deps: ApiDeps,
  request: Request,
  path: string,
  { signature }: Bindings = {},
): Promise<Caller> {
  if (rootOf(path) === iamRoot) {
    const caller = signature === undefined ? undefined : deps.signedBy?.(signature);
    if (caller === undefined) throw new ProblemError(unsigned);
    return caller;
  }
  const caller = await orUnavailable(deps, path, () => deps.authenticate(request));
  if (caller === undefined) throw new ProblemError(unauthenticated);
  return caller;
}

const unauthenticated = problem(
  'unauthenticated',
  'The request has no valid token. Send one as Authorization: Bearer TOKEN.',
);
const unsigned = problem(
  'unauthenticated',
  'API Gateway found no signature of AWS (SigV4) on this request. Sign it, or use /v1 with a token.',
);

/** How long a caller is kept waiting for what passes, and how soon it is tried again at first. */
const patienceMs: Millis = 5 * secondMs;
const retryMs: Millis = 300;

/**
 * Finds out who the caller is or what they may do. A table or an issuer that is slow just then is asked
 * again: nobody's command is to fail for it. Without the table nobody can be known, so everybody is told
 * how to do it without Serin.
 */
export async function orUnavailable<T>(
  { world }: ApiDeps,
  path: string,
  find: () => Promise<T>,
): Promise<T> {
  try {
    return await patiently(world, find);
  } catch (error) {
    if (!(error instanceof Transient || error instanceof Terminal)) throw error;
    world.log('error', 'who may do what could not be found out', { error });
    const same = kubectlAt(path);
    const detail =
      'Nothing was done: who may do this cannot be found out at the moment. ' +
      `Serin's log says why.${same === undefined ? '' : ` This does the same: ${same}`}`;
    throw new ProblemError(problem('unavailable', detail, { retryAfterSeconds: 1 }));
  }
}

async function patiently<T>({ clock }: ApiDeps['world'], find: () => Promise<T>): Promise<T> {
  const until = clock.now() + patienceMs;
  for (let waitMs = retryMs; ; waitMs *= 2) {
    try {
      return await find();
    } catch (error) {
      const next = clock.now() + waitMs;
      if (!(error instanceof Transient) || next >= until) throw error;
      await clock.sleepUntil(next);
    }
  }
}

const place =
  /^(?:\/iam)?\/v1\/clusters\/([^/]+)\/namespaces\/([^/]+)\/rollouts(?:\/([^/]+))?(?:\/([^/]+))?/;

/** The kubectl command for a path. Its body was not read: nobody knows yet whose it is. */
function kubectlAt(path: string): string | undefined {
  const [, cluster = '', namespace = '', name, what = 'get'] = place.exec(path) ?? [];
  if (!areNames({ cluster, namespace, ...defined({ name }) })) return undefined;
  if (name === undefined) return `kubectl argo rollouts list rollouts -n ${namespace}`;
  return kubectlFor(commandOf(what), { cluster, namespace, name });
}

function commandOf(what: string): Command | 'get' {
  return isVerb(what) ? unreadCommand(what) : 'get';
}
