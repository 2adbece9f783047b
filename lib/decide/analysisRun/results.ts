import type {
  AnalysisRun,
  AnalysisRunStatus,
  Measurement,
  MetricResult,
} from '../../model/argo.generated.ts';
import { isEnded } from './phases.ts';

export function resultOf(status: AnalysisRunStatus, name: string): MetricResult | undefined {
  return status.metricResults?.find((result) => result.name === name);
}

export function lastOf(result: MetricResult | undefined): Measurement | undefined {
  return result?.measurements?.at(-1);
}

/** How many measurements were begun and ended, errors too: the numbers of Jobs go on from there. */
export function takenOf(result: MetricResult | undefined): number {
  return (result?.count ?? 0) + (result?.error ?? 0);
}

/** The status with that result in its place, or as the last one. */
export function withResult(status: AnalysisRunStatus, result: MetricResult): AnalysisRunStatus {
  const { metricResults = [] } = status;
  const isThere = metricResults.some(({ name }) => name === result.name);
  return {
    ...status,
    metricResults: isThere
      ? metricResults.map((each) => (each.name === result.name ? result : each))
      : [...metricResults, result],
  };
}

/**
 * Whether it is to end: somebody said so, or a metric has ended badly. One that only runs dry has no say.
 * argo v1.10.1 utils/analysis/helpers.go IsTerminating
 */
export function isTerminating({ spec }: AnalysisRun, status: AnalysisRunStatus): boolean {
  const { metricResults = [] } = status;
  return (
    spec?.terminate === true ||
    metricResults.some(({ phase, dryRun }) => !dryRun && isEnded(phase) && phase !== 'Successful')
  );
}

/** The result with a measurement that was begun, or that goes on from an earlier turn. */
export function withMeasurement(
  result: MetricResult,
  measurement: Measurement,
  goesOn: boolean,
): MetricResult {
  const { measurements = [] } = result;
  const kept = goesOn ? measurements.slice(0, -1) : measurements;
  return { ...counted(result, measurement.phase), measurements: [...kept, measurement] };
}

/** argo v1.10.1 analysis/analysis.go runMeasurements */
function counted(result: MetricResult, phase: string): MetricResult {
  const { count = 0, error = 0, consecutiveError = 0, consecutiveSuccess = 0 } = result;
  const next = { ...result, count: count + 1, consecutiveError: 0, consecutiveSuccess: 0 };
  switch (phase) {
    case 'Successful': {
      const successful = (result.successful ?? 0) + 1;
      return { ...next, successful, consecutiveSuccess: consecutiveSuccess + 1 };
    }
    case 'Failed':
      return { ...next, failed: (result.failed ?? 0) + 1 };
    case 'Inconclusive':
      return { ...next, inconclusive: (result.inconclusive ?? 0) + 1 };
    case 'Error': {
      const errors = { error: error + 1, consecutiveError: consecutiveError + 1 };
      return { ...result, ...errors, consecutiveSuccess: 0 };
    }
    default:
      return result;
  }
}
