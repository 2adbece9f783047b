import type {
  AnalysisRun,
  AnalysisRunStatus,
  Metric,
  MetricResult,
  RunSummary,
} from '../../model/argo.generated.ts';
import type { PlannedEvent } from '../../model/plan.ts';
import { type Millis, toTime } from '../../model/units.ts';
import { countOf, limitsOf } from './limits.ts';
import { type EndPhase, isBad, isEnded, isWorse } from './phases.ts';
import { isTerminating, lastOf, resultOf, withResult } from './results.ts';

/** Which limit a metric has passed, and the phase it has by that. */
type Passed = { phase: EndPhase; why: string };

/** `metrics`: with their arguments. `dry`: the names of those that only run dry. */
export type Judged = { run: AnalysisRun; metrics: readonly Metric[]; dry: ReadonlySet<string> };

/** Of several limits the last one holds. argo v1.10.1 analysis/analysis.go */
function passedLimit(metric: Metric, result: MetricResult): Passed | undefined {
  const limits = limitsOf(metric);
  const { failed = 0, inconclusive = 0, consecutiveError = 0 } = result;
  if (consecutiveError > limits.errors) {
    const why = `consecutiveErrors (${consecutiveError}) > consecutiveErrorLimit (${limits.errors})`;
    return { phase: 'Error', why };
  }
  if (inconclusive > limits.inconclusive) {
    const why = `inconclusive (${inconclusive}) > inconclusiveLimit (${limits.inconclusive})`;
    return { phase: 'Inconclusive', why };
  }
  // One below 0 limits nothing.
  if (limits.failures < 0 || failed <= limits.failures) return undefined;
  return { phase: 'Failed', why: `failed (${failed}) > failureLimit (${limits.failures})` };
}

/** argo v1.10.1 analysis/analysis.go assessMetricStatus */
function metricPhase(metric: Metric, result: MetricResult, terminating: boolean): string {
  if (isEnded(result.phase)) return result.phase;
  const last = lastOf(result);
  if (last === undefined) return terminating ? 'Successful' : 'Pending';
  if (!isEnded(last.phase)) return 'Running';
  const passed = passedLimit(metric, result);
  if (passed) return passed.phase;
  const { successes, failures } = limitsOf(metric);
  if (successes > 0 && (result.consecutiveSuccess ?? 0) >= successes) return 'Successful';
  const count = countOf(metric);
  if (count !== undefined && (result.count ?? 0) >= count) {
    if (successes === 0) return 'Successful';
    return failures >= 0 ? 'Inconclusive' : 'Failed';
  }
  return terminating ? 'Successful' : 'Running';
}

type Standing = {
  status: AnalysisRunStatus;
  events: PlannedEvent[];
  /** Undefined where no metric that counts has ended. */
  worst?: string;
  message: string;
  everyEnded: boolean;
};

/**
 * The status as the measurements so far leave it: the phases of metrics, the summaries, and of the run once
 * all of them have ended, or it is to end, the worst. argo v1.10.1 analysis/analysis.go assessRunStatus
 */
export function assess(
  judged: Judged,
  before: AnalysisRunStatus,
  now: Millis,
): { status: AnalysisRunStatus; events: PlannedEvent[] } {
  const { run, metrics, dry } = judged;
  const terminating = isTerminating(run, before);
  const summaries = { wet: {}, dry: {} } as Record<'wet' | 'dry', RunSummary>;
  let standing: Standing = {
    status: { ...before, startedAt: before.startedAt ?? toTime(now) },
    events: [],
    message: run.spec?.terminate ? 'Run Terminated' : '',
    everyEnded: true,
  };
  for (const metric of metrics) {
    const kind = dry.has(metric.name) ? 'dry' : 'wet';
    add(summaries[kind], 'count');
    standing = withMetric(standing, metric, { terminating, isDry: kind === 'dry' });
    const result = resultOf(standing.status, metric.name);
    if (result && isEnded(result.phase)) add(summaries[kind], summarized[result.phase]);
  }
  const { status, events, everyEnded, message, worst = '' } = standing;
  const summed = { ...status, runSummary: summaries.wet, dryRunSummary: summaries.dry };
  const isOver = terminating || (everyEnded && worst !== '');
  const phase = !isOver ? 'Running' : worst === '' ? 'Successful' : worst;
  const text = isOver ? message.trim() : '';
  return { status: withPhase(summed, { phase, text, now }), events };
}

function withMetric(
  standing: Standing,
  metric: Metric,
  { terminating, isDry }: { terminating: boolean; isDry: boolean },
): Standing {
  const found = resultOf(standing.status, metric.name);
  // It has not begun, as one with a delay.
  if (found === undefined) return { ...standing, everyEnded: false };
  const phase = metricPhase(metric, found, terminating);
  const hasChanged = phase !== found.phase;
  const said = hasChanged ? lastOf(found)?.message : found.message;
  const { message: _, ...rest } = found;
  const result: MetricResult = { ...rest, phase, ...(said && { message: said }) };
  const events = [...standing.events, ...(hasChanged ? endOf(metric.name, phase) : [])];
  const next = { ...standing, events, status: withResult(standing.status, result) };
  if (!isEnded(phase)) return { ...next, everyEnded: false };
  return isDry ? withDry(next, metric, result) : withWet(next, metric, result);
}

function withWet(standing: Standing, metric: Metric, result: MetricResult): Standing {
  const { worst = '', message } = standing;
  const { phase } = result;
  if (worst !== '' && !isWorse(phase, worst)) return standing;
  const why = whyOf(metric, result);
  const error = result.message ? `: "Error Message: ${result.message}"` : '';
  const text = `Metric "${metric.name}" assessed ${phase} due to ${why}${error}`;
  return { ...standing, worst: phase, message: why === undefined ? message : text };
}

/** It has no say, but for the run to have an end; what it came to, its own message tells. */
function withDry(standing: Standing, metric: Metric, result: MetricResult): Standing {
  const { worst = 'Successful', status } = standing;
  const why = whyOf(metric, result);
  const message = `Metric assessed ${result.phase} due to ${why}`;
  const told = why === undefined ? status : withResult(status, { ...result, message });
  return { ...standing, worst, status: told };
}

/**
 * What a metric's phase comes of; undefined of a success.
 * docs/adr/0057-a-run-says-which-limit-ended-it.md
 */
function whyOf(metric: Metric, result: MetricResult): string | undefined {
  const passed = passedLimit(metric, result)?.why;
  if (passed !== undefined || result.phase === 'Successful') return passed;
  const { successes } = limitsOf(metric);
  const { consecutiveSuccess = 0 } = result;
  return `consecutiveSuccess (${consecutiveSuccess}) < consecutiveSuccessLimit (${successes})`;
}

const summarized = {
  Successful: 'successful',
  Failed: 'failed',
  Error: 'error',
  Inconclusive: 'inconclusive',
} as const satisfies Record<EndPhase, keyof RunSummary>;

function add(summary: RunSummary, field: keyof RunSummary): void {
  summary[field] = (summary[field] ?? 0) + 1;
}

function endOf(name: string, phase: string): PlannedEvent[] {
  if (!isEnded(phase)) return [];
  const message = `Metric '${name}' Completed. Result: ${phase}`;
  return [{ type: isBad(phase) ? 'Warning' : 'Normal', reason: `Metric${phase}`, message }];
}

/** The time of its end is that of the turn that first finds it. */
function withPhase(
  status: AnalysisRunStatus,
  { phase, text, now }: { phase: string; text: string; now: Millis },
): AnalysisRunStatus {
  if (phase === status.phase) return status;
  const { message: _, ...rest } = status;
  return {
    ...rest,
    phase,
    ...(text !== '' && { message: text }),
    ...(isEnded(phase) && { completedAt: status.completedAt ?? toTime(now) }),
  };
}

/** What Kubernetes is told of a run that has ended. */
export function runEnd(phase: string): PlannedEvent {
  const message = `Analysis Completed. Result: ${phase}`;
  return { type: isBad(phase) ? 'Warning' : 'Normal', reason: `AnalysisRun${phase}`, message };
}
