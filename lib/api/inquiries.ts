import { Terminal, Transient } from '../errors.ts';
import { defined } from '../model/defined.ts';
import type { Inquiry, InquiryAnswer } from '../model/inquiry.ts';
import { readQuery, readTrial } from './body.ts';
import { type Call, keyOf } from './call.ts';
import { ProblemError, problem } from './problem.ts';
import { queries } from './requestSchemas.ts';
import { answer } from './respond.ts';

// What is asked of a cluster beside its rollouts. The function that looks answers it.

export async function getAnalysisRuns(call: Call): Promise<Response> {
  readQuery(queries.none, call.url);
  const { cluster, namespace, name } = keyOf(call);
  const found = await asked(call, { runs: { cluster, namespace, ...(name !== '' && { name }) } });
  return answer({ items: 'runs' in found ? found.runs : [] });
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
