import { measuredText } from '../../lib/decide/analysis/measured.ts';
import { valueTold } from '../../lib/decide/analysisRun/told.ts';
import { isEnded } from '../../lib/decide/release/runs.ts';
import type { AnalysisRun, Measurement, MetricResult } from '../../lib/model/argo.generated.ts';
import { nameOf } from '../../lib/model/workload.ts';
import { type SaidMetrics, type Sayings, saidMetrics } from '../../lib/simulate/metrics/said.ts';
import type { SimulatedWorld } from '../../lib/simulate/world.ts';
import { withSaidMetrics } from '../../server/analyses.ts';
import type { Objects } from '../../server/apply.ts';
import { metricsIn } from './metricValues.ts';

// The analyses of a simulated release: what their metrics measure, and what of it is told.

export type SimulatedAnalyses = {
  /** As they are applied. */
  objects: Objects;
  said: SaidMetrics;
  sayings: Sayings;
};

export function simulatedAnalyses(objects: Objects, sayings: Sayings): SimulatedAnalyses {
  const made = withSaidMetrics(objects, sayings);
  return { objects: made, said: saidMetrics(metricsIn(made), sayings), sayings };
}

/** Tells what matters of each measurement and run, as they are written down. */
export function tellAnalyses(
  { cluster }: SimulatedWorld,
  { said, sayings }: SimulatedAnalyses,
  tell: (text: string) => void,
): void {
  cluster.watch(({ type, kind, object, before }) => {
    if (kind !== 'AnalysisRun' || type === 'DELETED') return;
    const run = object as AnalysisRun;
    said.note(run);
    for (const text of newsOf(run, before as AnalysisRun | undefined, sayings)) tell(text);
  });
}

function newsOf(run: AnalysisRun, before: AnalysisRun | undefined, sayings: Sayings): string[] {
  const { phase = '', message = '', metricResults = [] } = run.status ?? {};
  const measured = metricResults.flatMap((result) => {
    const known = before?.status?.metricResults?.find(({ name }) => name === result.name);
    return measurementNews(result, known, sayings);
  });
  if (!isEnded(run) || phase === before?.status?.phase) return measured;
  const why = message || measuredText(run);
  return [...measured, `Analysis run ${nameOf(run)} is ${phase}${why && `: ${why}`}`];
}

function measurementNews(
  result: MetricResult,
  known: MetricResult | undefined,
  sayings: Sayings,
): string[] {
  const over = (each: Measurement) => each.finishedAt !== undefined;
  const seen = new Set((known?.measurements ?? []).filter(over).map(({ startedAt }) => startedAt));
  const fresh = (result.measurements ?? []).filter(
    (each) => over(each) && !seen.has(each.startedAt),
  );
  const { name } = result;
  return fresh.flatMap(({ phase, value = '', message = '' }): string[] => {
    if (phase === 'Successful') {
      const isAssumed = seen.size === 0 && !sayings.has(name);
      return isAssumed ? [`Metric ${name} is taken to succeed: no --metric gives its values`] : [];
    }
    if (phase === 'Error') return [`Metric ${name} could not be measured: ${message}`];
    const told = value ? valueTold({ phase, value }) : message;
    return [`Metric ${name} was ${told && `${told}: `}${phase}`];
  });
}

/** Whether a run will yet tell something: it has an end of its own, or values that were not measured yet. */
export function isAwaited(
  { cluster }: SimulatedWorld,
  namespace: string,
  { isLeft }: SaidMetrics,
): boolean {
  return cluster.read.list('AnalysisRun', namespace).some((run) => {
    if (isEnded(run)) return false;
    const { metrics = [] } = run.spec ?? {};
    return metrics.some(({ name, count, interval }) => {
      const hasEnd = count !== undefined || !interval;
      return hasEnd || isLeft(name);
    });
  });
}
