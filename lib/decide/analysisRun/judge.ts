import { evaluate } from '../../expr/condition.ts';
import type { GoType } from '../../expr/types.ts';
import type { Value } from '../../expr/value.ts';
import type { Measurement, Metric } from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import { type Millis, toTime } from '../../model/units.ts';
import { type EndPhase, isEnded } from './phases.ts';
import type { Measured } from './providers/provider.ts';

type Verdict = { phase: EndPhase } | { error: string };

/**
 * What a metric's conditions make of a result. `type`: the peer's, where it is not that of JSON.
 * argo v1.10.1 utils/evaluate/evaluate.go
 */
export function judge(
  metric: Metric,
  { result, type }: { result: Value; type?: GoType },
  now: Millis,
): Verdict {
  const held: { success?: boolean; failure?: boolean } = {};
  for (const kind of ['success', 'failure'] as const) {
    const condition = metric[`${kind}Condition`];
    if (!condition) continue;
    const answer = evaluate(condition, result, { now, ...defined({ type }) });
    if ('holds' in answer) held[kind] = answer.holds;
    else {
      const why = isNothing(result) ? noData : answer.error;
      return { error: `could not evaluate ${kind}Condition "${condition}": ${why}` };
    }
  }
  const { success = true, failure = !success } = held;
  if (failure) return { phase: 'Failed' };
  return { phase: success ? 'Successful' : 'Inconclusive' };
}

const noData = 'metric result is nil or empty: no data returned from the metric provider';

function isNothing(result: Value): boolean {
  return result === null || (Array.isArray(result) && result.length === 0);
}

/** The measurement as it is written: the one before, if it goes on, with what came of asking. */
export function measurementOf(
  metric: Metric,
  measured: Measured,
  { before, now }: { before?: Measurement | undefined; now: Millis },
): Measurement {
  const { resumeAt, metadata, ...said } = outcome(metric, measured, now);
  const at = toTime(now);
  const isOver = isEnded(said.phase);
  return {
    ...before,
    startedAt: before?.startedAt ?? at,
    ...said,
    ...defined({ metadata: metadata ?? before?.metadata }),
    ...(resumeAt !== undefined && { resumeAt: toTime(resumeAt) }),
    ...(isOver && { finishedAt: before?.finishedAt ?? at }),
  };
}

type Outcome = Pick<Measurement, 'phase' | 'message' | 'value' | 'metadata'> & {
  resumeAt?: Millis | undefined;
};

function outcome(metric: Metric, measured: Measured, now: Millis): Outcome {
  if ('error' in measured) return { phase: 'Error', message: measured.error };
  const { metadata } = measured;
  if ('phase' in measured) {
    const { phase, value, message, resumeAt } = measured;
    return { phase, ...defined({ value, message, resumeAt, metadata }) };
  }
  const verdict = judge(metric, measured, now);
  if ('error' in verdict) return { phase: 'Error', message: verdict.error };
  return { phase: verdict.phase, value: measured.value, ...defined({ metadata }) };
}
