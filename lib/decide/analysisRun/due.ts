import type {
  AnalysisRun,
  AnalysisRunStatus,
  Measurement,
  Metric,
  MetricResult,
} from '../../model/argo.generated.ts';
import { fromTime, type Millis, parseGoDuration, secondMs } from '../../model/units.ts';
import { countOf } from './limits.ts';
import { isEnded } from './phases.ts';
import { isTerminating, lastOf, resultOf } from './results.ts';

/** After an error, whatever the interval. argo v1.10.1 analysis/analysis.go */
const retryMs: Millis = 10 * secondMs;

/** A metric that is to be measured in this turn, by its place in the spec. */
export type Due = {
  index: number;
  metric: Metric;
  result: MetricResult | undefined;
  /** That which goes on. `ends`: it is to be stopped. */
  running?: Measurement;
  ends: boolean;
};

/**
 * What is measured now, what goes on, and what is to be stopped.
 * argo v1.10.1 analysis/analysis.go generateMetricTasks
 */
export function dueNow(
  run: AnalysisRun,
  status: AnalysisRunStatus,
  { metrics, now }: { metrics: readonly Metric[]; now: Millis },
): Due[] {
  const ends = isTerminating(run, status);
  return metrics.flatMap((metric, index): Due[] => {
    const result = resultOf(status, metric.name);
    if (isEnded(result?.phase)) return [];
    const last = lastOf(result);
    if (last && !isEnded(last.phase)) {
      // One that goes on is looked at in each turn: what it waits for may have come early.
      return [{ index, metric, result, running: last, ends }];
    }
    const at = ends ? undefined : nextOf(metric, result, status);
    return at !== undefined && now >= at ? [{ index, metric, result, ends }] : [];
  });
}

/** When the next measurement of a metric is due that has not ended; undefined where it waits for none. */
function nextOf(
  metric: Metric,
  result: MetricResult | undefined,
  { startedAt }: AnalysisRunStatus,
): Millis | undefined {
  const last = lastOf(result);
  if (last === undefined) {
    if (!metric.initialDelay) return Number.NEGATIVE_INFINITY;
    const delayMs = parseGoDuration(metric.initialDelay);
    return startedAt && delayMs !== undefined ? fromTime(startedAt) + delayMs : undefined;
  }
  const count = countOf(metric);
  if (count !== undefined && (result?.count ?? 0) >= count) return undefined;
  const intervalMs = last.phase === 'Error' ? retryMs : parseGoDuration(metric.interval || '10s');
  return last.finishedAt && intervalMs !== undefined
    ? fromTime(last.finishedAt) + intervalMs
    : undefined;
}

/** The next of a run that goes on, for people. What is due from the first moment on has no time. */
export function nextTimed(
  { spec, status }: AnalysisRun,
  metrics: readonly Metric[],
): ReturnType<typeof nextDue> {
  if (spec?.terminate || isEnded(status?.phase)) return undefined;
  const next = nextDue(status ?? { phase: '' }, metrics);
  return next && Number.isFinite(next.at) ? next : undefined;
}

/** When something is to be done next, and what for; undefined where nothing will be by itself. */
export function nextDue(
  status: AnalysisRunStatus,
  metrics: readonly Metric[],
): { at: Millis; name: string; goesOn: boolean } | undefined {
  const times = metrics.flatMap((metric) => {
    const { name } = metric;
    const result = resultOf(status, name);
    if (isEnded(result?.phase)) return [];
    const last = lastOf(result);
    const goesOn = last !== undefined && !isEnded(last.phase);
    const resumeAt = last?.resumeAt ? fromTime(last.resumeAt) : undefined;
    const at = goesOn ? resumeAt : nextOf(metric, result, status);
    return at === undefined || Number.isNaN(at) ? [] : [{ at, name, goesOn }];
  });
  return times.sort((left, right) => left.at - right.at)[0];
}
