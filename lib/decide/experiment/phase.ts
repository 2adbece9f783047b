import type {
  ExperimentAnalysisRunStatus,
  ExperimentSpec,
  ExperimentStatus,
  TemplateStatus,
} from '../../model/argo.generated.ts';
import { hasWhatItNeeds, isCompleted, isUnsuccessful, requiredNames } from './ending.ts';

// What an Experiment comes to. argo v1.10.1 experiments/experiment.go calculateStatus

type Verdict = { phase: string; message: string };

/** From the best to the worst. argo v1.10.1 utils/experiment/experiment.go, utils/analysis/analysis.go */
const templateOrder = ['Successful', 'Running', 'Progressing', 'Error', 'Failed'];
const runOrder = ['Successful', 'Running', 'Pending', 'Inconclusive', 'Error', 'Failed'];

/** The phase and its message, from what is known of its templates and runs after this turn. */
export function verdictOf(spec: ExperimentSpec, after: ExperimentStatus): Verdict {
  const { phase = '', message = '', templateStatuses = [], analysisRuns = [] } = after;
  if (phase === '') return { phase: 'Pending', message };
  if (isCompleted(phase)) return { phase, message };
  const pods = podsVerdict(spec, templateStatuses);
  const runs = runsVerdict(spec, analysisRuns);
  if (isUnsuccessful(runs.phase) && !isUnsuccessful(pods.phase)) return runs;
  if (hasWhatItNeeds(spec, after) && !isUnsuccessful(pods.phase)) return runs;
  // It is over with its pods, unless there are runs that it is to wait for.
  const waitsFor = pods.phase === 'Successful' && requiredNames(spec).length > 0;
  return waitsFor ? runs : pods;
}

/** The worst of its templates. */
function podsVerdict({ templates = [] }: ExperimentSpec, statuses: TemplateStatus[]): Verdict {
  const found = templates.map(({ name }) => statuses.find((each) => each.name === name));
  const { worst, message } = worstOf(
    templateOrder,
    found.map((each) => ({ phase: each?.status ?? 'Progressing', message: each?.message })),
  );
  const phase = worst === 'Progressing' ? 'Pending' : worst;
  return { phase, message };
}

/**
 * The worst of its runs. Where all that it is to wait for were successful, it does not wait for the others:
 * docs/adr/0067-how-an-experiment-ends.md
 */
function runsVerdict(spec: ExperimentSpec, runs: ExperimentAnalysisRunStatus[]): Verdict {
  const named = (spec.analyses ?? []).flatMap(({ name }) =>
    runs.filter((each) => each.name === name),
  );
  const { worst, message } = worstOf(runOrder, named);
  if (!isUnsuccessful(worst) && hasWhatItNeeds(spec, { analysisRuns: runs })) {
    return { phase: 'Successful', message: 'Required AnalysisRuns completed' };
  }
  return { phase: worst === 'Pending' ? 'Running' : worst, message };
}

function worstOf(
  order: string[],
  all: { phase: string; message?: string | undefined }[],
): { worst: string; message: string } {
  let worst = 0;
  let message = '';
  for (const each of all) {
    // One that has not begun says nothing.
    const rank = Math.max(0, order.indexOf(each.phase));
    if (rank > worst) {
      worst = rank;
      message = each.message ?? '';
    }
  }
  return { worst: order[worst] ?? '', message };
}
