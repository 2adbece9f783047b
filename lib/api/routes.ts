import { Hono } from 'hono';
import { notFound } from '../commands/look.ts';
import { Refused } from '../commands/refusal.ts';
import { NotFound, Terminal, Transient } from '../errors.ts';
import type { Caller } from '../model/caller.ts';
import { keyText, type RolloutKey } from '../model/key.ts';
import { meAnswer } from './answers.ts';
import { type Bindings, orUnavailable, requireCaller, rootOf } from './authenticate.ts';
import { type ApiDeps, type Ask, type Call, iamRoot, keyOf, objectionTo } from './call.ts';
import { getClusters, getFleet, getMetrics } from './fleet.ts';
import { getAnalysisRuns, postTry } from './inquiries.ts';
import { openapiDocument } from './openapi.ts';
import { type Operation, type OperationId, operations, type ReadId } from './operations.ts';
import { areNames } from './pathNames.ts';
import { postCommand } from './postCommand.ts';
import { type Problem, ProblemError, problem } from './problem.ts';
import { getCommand, getExplanation, getHistory, getRollout, listRollouts } from './reads.ts';
import { problemOfRefusal } from './refusals.ts';
import { answer, problemAnswer } from './respond.ts';
import { getTimeline } from './timeline.ts';

type Env = { Bindings: Bindings; Variables: { caller: Caller } };

const readers: Record<ReadId, (call: Call) => Promise<Response>> = {
  openapi: async () => answer(openapiDocument()),
  me: async ({ caller }) => answer(meAnswer(caller)),
  fleet: getFleet,
  metrics: getMetrics,
  clusters: getClusters,
  list: listRollouts,
  get: getRollout,
  history: getHistory,
  explain: getExplanation,
  timeline: getTimeline,
  command: getCommand,
  listAnalysisRuns: getAnalysisRuns,
  getAnalysisRun: getAnalysisRuns,
  tryAnalysis: postTry,
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
    const { raw, path } = context.req;
    context.set('caller', await requireCaller(deps, raw, path, context.env));
    await next();
  });
  for (const [id, operation] of Object.entries(operations) as [OperationId, Operation][]) {
    app.on(operation.method, honoPaths(operation), (context) => {
      const caller = context.get('caller');
      return serve(id, operation, {
        deps,
        request: context.req.raw,
        url: new URL(context.req.url),
        actor: caller.actor,
        caller,
        root: rootOf(context.req.path),
        params: context.req.param(),
      });
    });
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

function requireHost({ hosts }: ApiDeps, { headers }: Request): void {
  if (hosts === undefined) return;
  const host = headers.get('host') ?? '';
  if (hosts.includes(host.replace(/:\d+$/, ''))) return;
  const detail = `This server does not answer to the name ${host}. Use ${hosts.join(' or ')}.`;
  throw new ProblemError(problem('wrong-host', detail));
}

async function serve(id: OperationId, operation: Operation, call: Call): Promise<Response> {
  const { verb, ofNamespace } = operation;
  // A policy is asked about what can be: of two odd names it could take one for the other.
  if (!areNames(call.params)) throw notFound(keyOf(call));
  if ('cluster' in call.params) {
    const key = ofNamespace ? { ...keyOf(call), name: '' } : keyOf(call);
    const action = verb ?? ofNamespace?.action;
    if (action !== undefined) await requirePermission(call, action, key);
    // Its answer tells of the rollout, and so does that of a command.
    await requirePermission(call, 'read', key);
  }
  return verb === undefined ? readers[id as ReadId](call) : postCommand(call, verb);
}

async function requirePermission(
  call: Call,
  action: Ask['action'],
  key: RolloutKey,
): Promise<void> {
  const { deps, url, actor } = call;
  const why = await orUnavailable(deps, url.pathname, () => objectionTo(call, action, key));
  if (why === undefined) return;
  const rollout = keyText(key);
  deps.world.log('info', 'a request was forbidden', { actor: actor.name, action, rollout });
  throw new ProblemError(problem('forbidden', `${actor.name} may not do this: ${why}`));
}

/** The same for everybody, and for those whose requests API Gateway has found to be signed. */
function honoPaths({ path }: Operation): string[] {
  const own = path.replace(/\{(\w+)\}/g, ':$1');
  return [own, `${iamRoot}${own}`];
}

function allowedMethods(): Map<string, string[]> {
  const allowed = new Map<string, string[]>();
  for (const operation of Object.values(operations)) {
    const methods = operation.method === 'GET' ? ['GET', 'HEAD'] : [operation.method];
    for (const path of honoPaths(operation)) {
      allowed.set(path, [...(allowed.get(path) ?? []), ...methods]);
    }
  }
  return allowed;
}

function problemOf(error: Error, { world, newId }: ApiDeps): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof Refused) return problemOfRefusal(error.refusal);
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
