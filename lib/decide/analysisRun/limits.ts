import type { IntOrString, Metric } from '../../model/argo.generated.ts';

/** As Go reads it: a text that is no whole number counts as 0. */
export function intOf(value: IntOrString | undefined): number {
  if (value === undefined || typeof value === 'number') return value ?? 0;
  return /^[+-]?\d+$/.test(value) ? Number(value) : 0;
}

/**
 * After how many measurements, errors aside, a metric is done; undefined where it has no end.
 * argo v1.10.1 pkg/apis/rollouts/v1alpha1/analysis_types.go
 */
export function countOf({ count, interval }: Metric): number | undefined {
  const asked = intOf(count);
  if (asked !== 0) return asked;
  return interval ? undefined : 1;
}

const errorLimitDefault = 4;

/** `failures`: -1 where they are not limited. `successes`: in a row, 0 where they are not asked for. */
export type Limits = { failures: number; inconclusive: number; errors: number; successes: number };

/** argo v1.10.1 analysis/analysis.go, utils/defaults/defaults.go */
export function limitsOf(metric: Metric): Limits {
  const { failureLimit, inconclusiveLimit, consecutiveErrorLimit, consecutiveSuccessLimit } =
    metric;
  return {
    failures: intOf(failureLimit),
    inconclusive: intOf(inconclusiveLimit),
    errors: consecutiveErrorLimit === undefined ? errorLimitDefault : intOf(consecutiveErrorLimit),
    successes: intOf(consecutiveSuccessLimit),
  };
}
