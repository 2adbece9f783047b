import type { ExperimentStatus } from '../../model/argo.generated.ts';
import { faultList } from '../../model/faults.ts';
import { instanceIdLabel } from '../../model/names.ts';
import { diffMergePatch } from '../../model/patch.ts';
import { type PlannedEvent, type Reason, refOf, type Wake, type Write } from '../../model/plan.ts';
import { type Millis, toTimeUp } from '../../model/units.ts';
import { nameOf } from '../../model/workload.ts';
import { faultLine } from '../release/typeFaults.ts';
import { decideAnalysis } from './analyses.ts';
import { withConditions, withInvalidSpec } from './conditions.ts';
import { isEnding, isUnsuccessful } from './ending.ts';
import { explain } from './explain.ts';
import type { ExperimentPlan, Facts, ObservedExperiment } from './facts.ts';
import { verdictOf } from './phase.ts';
import { decideTemplate } from './templates.ts';
import { experimentFaults } from './validate.ts';

/** The plan of one turn of an Experiment. Pure and total. argo v1.10.1 experiments/controller.go */
export function decideExperiment(observed: ObservedExperiment, now: Millis): ExperimentPlan {
  const { experiment, instanceId } = observed;
  const { metadata = {}, status = {} } = experiment;
  const rest = (reason: Reason, wake: Wake): ExperimentPlan => ({
    ...{ writes: [], events: [], status, wake, reasons: [reason], intents: [], urgent: false },
  });
  if (metadata.deletionTimestamp) {
    return rest({ text: 'The experiment is being deleted.' }, { waitsFor: 'its deletion' });
  }
  const label = metadata.labels?.[instanceIdLabel] ?? '';
  if (label !== instanceId) {
    const unblock = `the label ${instanceIdLabel}`;
    const text = `It belongs to ${label === '' ? 'the controller without an instance id' : label}.`;
    return rest({ text, unblock, mark: 'leftAlone' }, { waitsFor: unblock });
  }
  const facts: Facts = { now, observed, experiment, status, isEnding: isEnding(experiment) };
  const faults = experimentFaults(experiment).map(faultLine);
  if (faults.length === 0) return drive(facts);
  const message = `The Experiment "${nameOf(experiment)}" is invalid: ${faultList(faults)}`;
  const after = withInvalidSpec(facts, message);
  return {
    ...rest({ text: message, unblock: 'correct the spec' }, { waitsFor: 'a change of the spec' }),
    writes: statusWrite(facts, after),
    status: after,
  };
}

function drive(facts: Facts): ExperimentPlan {
  const { experiment, status, now } = facts;
  const { templates = [], analyses = [] } = experiment.spec ?? {};
  const pods = templates.map((each) => decideTemplate(facts, each));
  const runs = analyses.map((each) => decideAnalysis(facts, each));
  const counted: ExperimentStatus = {
    ...status,
    ...(pods.length > 0 && { templateStatuses: pods.map((each) => each.status) }),
    ...(runs.length > 0 && { analysisRuns: runs.map((each) => each.status) }),
  };
  const after = withConditions(facts, judged(facts, counted));
  const parts = [...pods, ...runs];
  return {
    writes: [...parts.flatMap(({ writes }) => writes), ...statusWrite(facts, after)],
    events: [...parts.flatMap(({ events }) => events), ...transition(status, after)],
    status: after,
    ...explain(
      { ...facts, status: after, isEnding: isEnding({ ...experiment, status: after }) },
      now,
    ),
    ...{ intents: [], urgent: false },
  };
}

/** Its time runs from when all its pods are there, and is not cut short: docs/adr/0066-experiments.md */
function judged({ experiment, now }: Facts, counted: ExperimentStatus): ExperimentStatus {
  const { message: _, ...rest } = counted;
  const spec = experiment.spec ?? {};
  const { phase, message } = verdictOf(spec, counted);
  const { templateStatuses = [] } = counted;
  const isThere = templateStatuses.every(
    ({ status }) => status === 'Running' || status === 'Successful',
  );
  const begins =
    counted.availableAt === undefined &&
    (counted.phase ?? '') !== '' &&
    isThere &&
    templateStatuses.some(({ status }) => status === 'Running');
  return {
    ...{ ...rest, phase },
    ...(message !== '' && { message }),
    ...(begins && { availableAt: toTimeUp(now) }),
  };
}

/** Its definition has no status subresource. */
function statusWrite({ experiment, observed }: Facts, after: ExperimentStatus): Write[] {
  const patch = diffMergePatch(experiment.status ?? {}, after);
  if (patch === undefined) return [];
  // Where a write was refused, the status comes first: it says so.
  const phase = observed.record?.refused === undefined ? 'status' : 'first';
  return [{ phase, do: 'patch', ref: refOf('Experiment', experiment), patch: { status: patch } }];
}

function transition(before: ExperimentStatus, { phase }: ExperimentStatus): PlannedEvent[] {
  if (phase === before.phase || phase === undefined) return [];
  return [
    {
      type: isUnsuccessful(phase) ? 'Warning' : 'Normal',
      reason: `Experiment${phase}`,
      message: `Experiment transitioned from ${before.phase ?? ''} -> ${phase}`,
    },
  ];
}
