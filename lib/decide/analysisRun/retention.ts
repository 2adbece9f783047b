import type {
  AnalysisRunSpec,
  AnalysisRunStatus,
  Measurement,
  MetricResult,
} from '../../model/argo.generated.ts';
import { matchesName } from './patterns.ts';

/** argo v1.10.1 analysis/analysis.go */
const keptDefault = 10;

/** How many measurements of a metric are kept: the last rule that names it says. */
export function keptOf({ measurementRetention = [] }: AnalysisRunSpec, name: string): number {
  const rule = measurementRetention.findLast(({ metricName }) => matchesName(metricName, name));
  return rule && rule.limit > 0 ? rule.limit : keptDefault;
}

/** The status with what is kept, and of each metric what is let go. */
export function retained(
  spec: AnalysisRunSpec,
  status: AnalysisRunStatus,
): { status: AnalysisRunStatus; dropped: { name: string; measurements: Measurement[] }[] } {
  const { metricResults = [] } = status;
  const dropped = metricResults.flatMap(({ name, measurements = [] }) => {
    const excess = measurements.length - keptOf(spec, name);
    return excess > 0 ? [{ name, measurements: measurements.slice(0, excess) }] : [];
  });
  if (dropped.length === 0) return { status, dropped };
  const kept = (result: MetricResult): MetricResult => {
    const { measurements = [] } = result;
    return { ...result, measurements: measurements.slice(-keptOf(spec, result.name)) };
  };
  return { status: { ...status, metricResults: metricResults.map(kept) }, dropped };
}
