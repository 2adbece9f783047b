import type { Experiment, ExperimentSpec, ExperimentStatus } from '../../model/argo.generated.ts';
import { fromTime, type Millis, parseGoDuration, secondMs } from '../../model/units.ts';

// When an Experiment ends. argo v1.10.1 utils/experiment/experiment.go

/** argo v1.10.1 utils/defaults/defaults.go */
const defaultDeadlineSeconds = 600;
const defaultDelaySeconds = 30;

/** Of an Experiment, an analysis or a template. */
export function isCompleted(phase: string | undefined): boolean {
  return phase === 'Successful' || isUnsuccessful(phase);
}

export function isUnsuccessful(phase: string | undefined): boolean {
  return phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive';
}

/** It was told to, it is over, something in it failed, or all is known that it is for. */
export function isEnding({ spec, status = {} }: Experiment): boolean {
  const { templateStatuses = [], analysisRuns = [] } = status;
  return (
    spec?.terminate === true ||
    isCompleted(status.phase) ||
    templateStatuses.some((each) => isUnsuccessful(each.status)) ||
    analysisRuns.some(({ phase }) => isUnsuccessful(phase)) ||
    hasWhatItNeeds(spec, status)
  );
}

export function requiredNames({ analyses = [] }: ExperimentSpec = {}): string[] {
  return analyses.flatMap((each) => (each.requiredForCompletion ? [each.name] : []));
}

/** There are analyses that it is to wait for, and all of them were successful. */
export function hasWhatItNeeds(
  spec: ExperimentSpec | undefined,
  { analysisRuns = [] }: ExperimentStatus,
): boolean {
  const required = requiredNames(spec);
  const isDone = (name: string): boolean =>
    analysisRuns.some((run) => run.name === name && run.phase === 'Successful');
  return required.length > 0 && required.every(isDone);
}

/** When its time is up; undefined while that is not known, or where it has none. */
export function endAt({ spec, status }: Experiment): Millis | undefined {
  const { duration } = spec ?? {};
  if (!duration || !status?.availableAt) return undefined;
  const durationMs = parseGoDuration(duration);
  return durationMs === undefined ? undefined : fromTime(status.availableAt) + durationMs;
}

export function deadlineSeconds(spec: ExperimentSpec | undefined): number {
  return spec?.progressDeadlineSeconds ?? defaultDeadlineSeconds;
}

/** How long its pods stay after its end. */
export function delayMs(spec: ExperimentSpec | undefined): Millis {
  return (spec?.scaleDownDelaySeconds ?? defaultDelaySeconds) * secondMs;
}
