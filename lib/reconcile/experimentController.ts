import { decideExperiment } from '../decide/experiment/decide.ts';
import type { ExperimentPlan, ObservedExperiment } from '../decide/experiment/facts.ts';
import { experimentNeeds, observedExperiment } from '../decide/experiment/needs.ts';
import type { ExperimentStatus } from '../model/argo.generated.ts';
import type { Controller } from '../model/controller.ts';
import { encodeGo } from '../model/encode.ts';
import type { Reason, Wake } from '../model/plan.ts';
import { type Millis, toIso } from '../model/units.ts';
import { ownerKey } from '../queue/keys.ts';

/** What is shown of an Experiment. */
export type ExperimentView = {
  namespace: string;
  name: string;
  observedAt: string;
  status: ExperimentStatus;
  reasons: Reason[];
  wake: Wake;
};

/** Nothing is remembered of it: all that it goes by is in the cluster. */
export const experimentController: Controller<
  'Experiment',
  ObservedExperiment,
  ExperimentPlan,
  object,
  ExperimentView
> = {
  needs: experimentNeeds,
  observed: (seed, answers) => ({ observed: observedExperiment(seed, answers) }),
  decide: decideExperiment,
  memory: () => ({ memory: {}, told: [], managed: [] }),
  view: ({ key }, { status, reasons, wake }, now: Millis) => ({
    ...{ namespace: key.namespace, name: key.name, observedAt: toIso(now) },
    ...{ status, reasons, wake },
  }),
  statusText: (status) => encodeGo('ExperimentStatus', status as ExperimentStatus),
  // What it has come to is news for the rollout that it is a step of.
  wakes: ({ key, experiment }, { writes }) => {
    const owner = ownerKey(key.cluster, experiment);
    const isTold = writes.some(({ phase }) => phase === 'status' || phase === 'first');
    return owner && isTold ? [owner] : [];
  },
  others: ({ sets }) => [...sets.values()],
};
