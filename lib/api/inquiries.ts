import { NotFound, Terminal, Transient } from '../errors.ts';
import { defined } from '../model/defined.ts';
import type { FoundRun, Inquiry, InquiryAnswer, RunOfNobody } from '../model/inquiry.ts';
import { orUnavailable } from './authenticate.ts';
import { readQuery, readTrial } from './body.ts';
import { type Call, keyOf, objectionTo } from './call.ts';
import { ProblemError, problem } from './problem.ts';
import { queries } from './requestSchemas.ts';
import { answer } from './respond.ts';

// What is asked of a cluster beside its rollouts. The function that looks answers it.

export async function getAnalysisRuns(call: Call): Promise<Response> {
  readQuery(queries.none, call.url);
  const { cluster, namespace, name } = keyOf(call);
  const found = await asked(call, { runs: { cluster, namespace, ...(name !== '' && { name }) } });
  const runs = 'runs' in found ? await readable(call, found.runs) : [];
  if (name !== '' && runs.length === 0) {
    throw new NotFound(`There is no analysis run ${name} of that kind.`);
  }
  return answer({ items: runs });
}

/** What belongs to a rollout is for those who may read it: the others are not told that there is any. */
async function readable(call: Call, runs: FoundRun[]): Promise<RunOfNobody[]> {
  const place = keyOf(call);
  const names = [...new Set(runs.flatMap(({ rollout }) => rollout ?? []))];
  const refused = new Set<string>();
  for (const name of names) {
    const asking = () => objectionTo(call, 'read', { ...place, name });
    const why = await orUnavailable(call.deps, call.url.pathname, asking);
    if (why !== undefined) refused.add(name);
  }
  return runs
    .filter(({ rollout }) => rollout === undefined || !refused.has(rollout))
    .map(({ rollout: _, ...run }) => run);
}

export async function postTry(call: Call): Promise<Response> {
  readQuery(queries.none, call.url);
  const { clusterScoped, args = {}, metric } = await readTrial(call.request);
  const { cluster, namespace, name: template } = keyOf(call);
  const more = defined({ clusterScoped, metric });
  const found = await asked(call, { try: { cluster, namespace, template, args, ...more } });
  if ('faults' in found) {
    const detail = `Nothing was measured: ${found.faults.join('; ')}.`;
    throw new ProblemError(problem('invalid', detail));
  }
  return answer({ items: 'tried' in found ? found.tried : [] });
}

async function asked({ deps }: Call, inquiry: Inquiry): Promise<InquiryAnswer> {
  try {
    return await deps.world.inquire(inquiry);
  } catch (error) {
    if (!(error instanceof Transient || error instanceof Terminal)) throw error;
    const detail = `The cluster cannot be asked now (${error.message}). Nothing was done.`;
    throw new ProblemError(problem('unavailable', detail, { retryAfterSeconds: 1 }));
  }
}
