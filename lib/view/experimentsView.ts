import { experimentsOf } from '../decide/release/experiments.ts';
import { isEnded } from '../decide/release/runs.ts';
import type { Experiment, TemplateStatus } from '../model/argo.generated.ts';
import type { Observed } from '../model/observed.ts';
import type { ExperimentView } from '../model/view.ts';
import { createdAt, imagesOf, nameOf, revisionOf } from '../model/workload.ts';

/**
 * The Experiments of a rollout, each with the revision that it is of, oldest first. Their ReplicaSets and
 * runs are as their own status tells. argo v1.10.1 pkg/kubectl-argo-rollouts/info/experiment_info.go
 */
export function experimentsShown(
  observed: Observed,
): { revision: number; experiment: ExperimentView }[] {
  return experimentsOf({ observed }).map((each) => ({
    revision: revisionOf(each),
    experiment: experimentView(each),
  }));
}

function experimentView(experiment: Experiment): ExperimentView {
  const { spec = {}, status = {} } = experiment;
  const { phase = '', message = '', templateStatuses = [], analysisRuns = [] } = status;
  return {
    ...{ name: nameOf(experiment), status: phase, message, createdAt: createdAt(experiment) },
    replicaSets: templateStatuses.map((each) => ({
      name: `${nameOf(experiment)}-${each.name}`,
      template: each.name,
      status: sizeWord(each, isEnded(experiment)),
      images: imagesOf(spec.templates?.find(({ name }) => name === each.name)?.template),
      current: each.replicas,
      available: each.availableReplicas,
    })),
    analysisRuns: analysisRuns
      .filter(({ analysisRun }) => analysisRun !== '')
      .map((each) => ({ name: each.analysisRun, status: each.phase })),
  };
}

function sizeWord(
  { replicas, availableReplicas }: TemplateStatus,
  isOver: boolean,
): ExperimentView['replicaSets'][number]['status'] {
  if (replicas === 0 && isOver) return 'ScaledDown';
  return replicas > 0 && availableReplicas === replicas ? 'Healthy' : 'Progressing';
}
