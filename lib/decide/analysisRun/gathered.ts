import type { AnalysisRun, AnalysisRunStatus, Metric } from '../../model/argo.generated.ts';
import type { Seed } from '../../model/controller.ts';
import { instanceIdLabel } from '../../model/names.ts';
import type { Answers } from '../../model/reads.ts';
import { checkStructure, soundPart } from '../../model/structure.ts';
import type { Millis } from '../../model/units.ts';
import { allWithArguments, withSecrets } from './arguments.ts';
import { type Due, dueNow } from './due.ts';
import { matchesName } from './patterns.ts';
import { isEnded } from './phases.ts';
import { metricsFault, rulesFault } from './validate.ts';

/** What a turn has read so far of a run. */
export type Gathered = { seed: Seed<'AnalysisRun'>; answers: Answers };

/** How a run stands before anything is measured in this turn. */
export type Standing =
  /** Nothing is to be done. `why`: in words. */
  | { is: 'left'; why: string; unblock?: string }
  | { is: 'ended'; status: AnalysisRunStatus }
  /** Its spec makes no sense: what the peer says of it. */
  | { is: 'invalid'; status: AnalysisRunStatus; message: string }
  | {
      is: 'open';
      status: AnalysisRunStatus;
      /** With arguments; a text stands for each secret. */
      metrics: Metric[];
      /** The names of those that only run dry. */
      dry: ReadonlySet<string>;
      due: Due[];
    };

export function standingOf(
  { object: run, instanceId }: Seed<'AnalysisRun'>,
  now: Millis,
): Standing {
  if (run.metadata?.deletionTimestamp) return { is: 'left', why: 'The run is being deleted.' };
  const label = run.metadata?.labels?.[instanceIdLabel] ?? '';
  if (label !== instanceId) {
    const owner = label === '' ? 'the controller without an instance id' : `instance ${label}`;
    return { is: 'left', why: `It belongs to ${owner}.`, unblock: `the label ${instanceIdLabel}` };
  }
  const status = statusOf(run);
  if (isEnded(status.phase)) return { is: 'ended', status };
  const usable = usableMetrics(run);
  if ('message' in usable) return { is: 'invalid', status, ...usable };
  const { metrics } = usable;
  const { dryRun = [] } = run.spec ?? {};
  const dry = metrics.filter(({ name }) =>
    dryRun.some(({ metricName }) => matchesName(metricName, name)),
  );
  const due = dueNow(run, status, { metrics, now });
  return { is: 'open', status, metrics, dry: new Set(dry.map(({ name }) => name)), due };
}

/** Whoever wrote it: what is no status of a run is left out. */
export function statusOf({ status }: AnalysisRun): AnalysisRunStatus {
  const sound = soundPart('AnalysisRunStatus', status ?? {}) as Partial<AnalysisRunStatus>;
  return { ...sound, phase: sound.phase ?? '' };
}

function usableMetrics({ spec = {} }: AnalysisRun): { metrics: Metric[] } | { message: string } {
  const [fault] = checkStructure('AnalysisRunSpec', spec).filter(({ kind }) => kind === 'type');
  if (fault) return { message: `Analysis spec invalid: ${fault.path} ${fault.message}` };
  const { metrics = [], args = [] } = spec;
  const resolved = allWithArguments(metrics, withSecrets(args));
  if ('error' in resolved) return { message: `${unresolved}: ${resolved.error}` };
  const message = metricsFault(resolved.metrics) ?? rulesFault(spec, resolved.metrics);
  return message === undefined ? resolved : { message: `Analysis spec invalid: ${message}` };
}

export const unresolved = 'Unable to resolve metric arguments';
