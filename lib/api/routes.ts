import { Hono } from 'hono';
import { NotFound, Terminal, Transient } from '../errors.ts';
import type { Actor } from '../model/intent.ts';
import { type ApiDeps, type Call, keyOf } from './call.ts';
import { openapiDocument } from './openapi.ts';
import { type Operation, type OperationId, operations, type ReadId } from './operations.ts';
import { pathNames } from './pathNames.ts';
import { type Problem, ProblemError, problem } from './problem.ts';
import {
  getCommand,
  getExplanation,
  getHistory,
  getRollout,
  listRollouts,
  notFound,
} from './reads.ts';
import { answer, problemAnswer } from './respond.ts';
import { submit } from './submit.ts';

type Env = { Variables: { actor: Actor } };

const readers: Record<ReadId, (call: Call) => Promise<Response>> = {
  openapi: async () => answer(openapiDocument()),
  list: listRollouts,
  get: getRollout,
  history: getHistory,
  explain: getExplanation,
  command: getCommand,
};

/** The API: the same for Lambda and for the local server. Nothing in it answers without a known actor. */
export function apiRoutes(deps: ApiDeps): Hono<Env> {
  const app = new Hono<Env>();
  app.use('*', async (context, next) => {
    await next();
    const { headers } = context.res;
    headers.set('x-content-type-options', 'nosniff');
    // The World's time, which runs ahead of ours in a sped-up simulation.
    headers.set('date', new Date(deps.world.clock.now()).toUTCString());
  });
  app.use('*', async (context, next) => {
    requireHost(deps, context.req.raw);
    const actor = await deps.authenticate(context.req.raw);
    if (actor === undefined) throw new ProblemError(unauthenticated);
    context.set('actor', actor);
    await next();
  });
  for (const [id, operation] of Object.entries(operations) as [OperationId, Operation][]) {
    app.on(operation.method, honoPath(operation), (context) =>
      serve(id, operation, {
        deps,
        request: context.req.raw,
        url: new URL(context.req.url),
        actor: context.get('actor'),
        params: context.req.param(),
      }),
    );
  }
  for (const [path, allow] of allowedMethods()) {
    app.all(path, (context) => {
      const detail = `${context.req.method} is not for this path. Use ${allow.join(' or ')}.`;
      throw new ProblemError(problem('method-not-allowed', detail, { allow }));
    });
  }
  app.notFound(() => {
    const detail = 'There is nothing at this path. GET /v1/openapi.json lists what there is.';
    throw new ProblemError(problem('not-found', detail));
  });
  app.onError((error, context) =>
    problemAnswer(problemOf(error, deps), new URL(context.req.url).pathname),
  );
  return app;
}

const unauthenticated = problem(
  'unauthenticated',
  'The request has no valid token. Send one as Authorization: Bearer TOKEN.',
);

function requireHost({ hosts }: ApiDeps, { headers }: Request): void {
  if (hosts === undefined) return;
  const host = headers.get('host') ?? '';
  if (hosts.includes(host.replace(/:\d+$/, ''))) return;
  const detail = `This server does not answer to the name ${host}. Use ${hosts.join(' or ')}.`;
  throw new ProblemError(problem('wrong-host', detail));
}

function serve(id: OperationId, { verb }: Operation, call: Call): Promise<Response> {
  const why = call.deps.mayNot?.({ actor: call.actor, action: verb ?? 'read', on: call.params });
  if (why !== undefined) {
    const detail = `${call.actor.name} may not do this: ${why}`;
    throw new ProblemError(problem('forbidden', detail));
  }
  requireNames(call);
  return verb === undefined ? readers[id as ReadId](call) : submit(call, verb);
}

function requireNames(call: Call): void {
  const isBad = ([part, value]: [string, string]) => pathNames[part]?.test(value) === false;
  if (Object.entries(call.params).some(isBad)) throw notFound(keyOf(call));
}

function honoPath({ path }: Operation): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

function allowedMethods(): Map<string, string[]> {
  const allowed = new Map<string, string[]>();
  for (const operation of Object.values(operations)) {
    const path = honoPath(operation);
    const methods = operation.method === 'GET' ? ['GET', 'HEAD'] : [operation.method];
    allowed.set(path, [...(allowed.get(path) ?? []), ...methods]);
  }
  return allowed;
}

function problemOf(error: Error, { world, newId }: ApiDeps): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof NotFound) return problem('not-found', error.message);
  if (error instanceof Transient) {
    return problem('unavailable', error.message, { retryAfterSeconds: 1 });
  }
  if (error instanceof Terminal) return problem('unavailable', error.message);
  const incident = newId();
  world.log('error', 'the API failed', { incident, error });
  const detail = `This should not have happened. It is in Serin's log as incident ${incident}.`;
  return problem('bug', detail, { incident });
}
