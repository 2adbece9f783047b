import { decide } from '../decide/analysisRun/decide.ts';
import { type Gathered, statusOf } from '../decide/analysisRun/gathered.ts';
import { needs } from '../decide/analysisRun/needs.ts';
import { jobsSeen } from '../decide/analysisRun/providers/job.ts';
import type { AnalysisRunStatus } from '../model/argo.generated.ts';
import type { Controller } from '../model/controller.ts';
import { encodeGo } from '../model/encode.ts';
import type { AnyPlan, Reason } from '../model/plan.ts';
import { soundPart } from '../model/structure.ts';
import { ownerKey } from '../queue/keys.ts';

/** What people see of a run. */
type AnalysisRunView = { phase: string; message: string; reasons: Reason[] };

export const analysisRunController: Controller<
  'AnalysisRun',
  Gathered,
  AnyPlan,
  object,
  AnalysisRunView
> = {
  needs: (seed, answers, now) => needs({ seed, answers }, now),
  observed: (seed, answers) => ({ observed: { seed, answers } }),
  decide,
  // All that it has to know stands in its status.
  memory: () => ({ memory: {}, told: [], managed: [] }),
  view: (_, { status, reasons }) => {
    const { phase = '', message = '' } = status as Partial<AnalysisRunStatus>;
    return { phase, message, reasons };
  },
  statusText: (status) => encodeGo('AnalysisRunStatus', soundPart('AnalysisRunStatus', status)),
  // Its owner has the phase and the message in a status of its own.
  wakes: ({ seed: { key, object } }, { status, writes }) => {
    const [before, after] = [statusOf(object), status as AnalysisRunStatus];
    const isAsBefore = before.phase === after.phase && before.message === after.message;
    const isKept = writes.every(
      (write) => write.do !== 'delete' || write.ref.kind !== 'AnalysisRun',
    );
    const owner = ownerKey(key.cluster, object);
    return owner === undefined || (isAsBefore && isKept) ? [] : [owner];
  },
  others: jobsSeen,
};
