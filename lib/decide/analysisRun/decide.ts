import type { AnalysisRunStatus } from '../../model/argo.generated.ts';
import { diffMergePatch } from '../../model/patch.ts';
import {
  type AnyPlan,
  type PlannedEvent,
  refOf,
  safetyMs,
  type Wake,
  type Write,
} from '../../model/plan.ts';
import { type Millis, secondMs } from '../../model/units.ts';
import { assess, runEnd } from './assess.ts';
import { nextDue } from './due.ts';
import { reasonsOf } from './explain.ts';
import { type Gathered, type Standing, standingOf } from './gathered.ts';
import { measure } from './measure.ts';
import { isEnded } from './phases.ts';
import { providerOf } from './providers/providers.ts';
import { retained } from './retention.ts';
import { expiryOf } from './ttl.ts';

type Open = Extract<Standing, { is: 'open' }>;

/** What a turn of a run does: argo v1.10.1 analysis/analysis.go reconcileAnalysisRun */
export function decide(gathered: Gathered, now: Millis): AnyPlan {
  const run = gathered.seed.object;
  const standing = standingOf(gathered.seed, now);
  if (standing.is === 'left') {
    const { why: text, unblock } = standing;
    const reason = { text, ...(unblock && { unblock, mark: 'leftAlone' as const }) };
    const wake = { waitsFor: unblock ?? 'its deletion' };
    return { ...resting, status: run.status ?? {}, wake, reasons: [reason], over: true };
  }
  if (standing.is === 'ended') return ended(gathered, standing.status, now);
  if (standing.is === 'invalid') return failed(gathered, standing, standing.message);
  const taken = measure(gathered, standing, now);
  if ('message' in taken) return failed(gathered, standing, taken.message);
  const { dropped, status: kept } = retained(run.spec ?? {}, taken.status);
  const assessed = assess({ run, ...standing }, kept, now);
  const { status } = assessed;
  const isOver = isEnded(status.phase);
  return {
    ...resting,
    status,
    writes: [
      ...taken.writes,
      ...pruned(gathered, standing, dropped),
      ...statusWrite(gathered, status),
    ],
    events: [...assessed.events, ...(isOver ? [runEnd(status.phase)] : [])],
    wake: isOver ? afterEnd(gathered, status) : wakeOf(standing, status, now),
    reasons: reasonsOf(status, standing.metrics),
    ...(taken.bugs.length > 0 && { bugs: taken.bugs }),
  };
}

const resting = {
  writes: [] as Write[],
  events: [] as PlannedEvent[],
  intents: [],
  urgent: false,
};

/** A run that makes no sense has no time of its end, as in Argo. */
function failed(
  gathered: Gathered,
  { status }: { status: AnalysisRunStatus },
  message: string,
): AnyPlan {
  const next = { ...status, phase: 'Error', message };
  return {
    ...resting,
    status: next,
    writes: statusWrite(gathered, next),
    events: [runEnd('Error')],
    wake: afterEnd(gathered, next),
    reasons: reasonsOf(next, []),
  };
}

function ended(gathered: Gathered, status: AnalysisRunStatus, now: Millis): AnyPlan {
  const run = gathered.seed.object;
  const expiry = expiryOf(run, status);
  const plan = { ...resting, status, reasons: reasonsOf(status, []) };
  if (expiry === undefined) return { ...plan, wake: { waitsFor: 'nothing more' }, over: true };
  if (expiry > now) return { ...plan, wake: afterEnd(gathered, status) };
  const deletion: Write = { phase: 'prune', do: 'delete', ref: refOf('AnalysisRun', run) };
  return { ...plan, writes: [deletion], wake: { waitsFor: 'its deletion' } };
}

function afterEnd({ seed }: Gathered, status: AnalysisRunStatus): Wake {
  const expiry = expiryOf(seed.object, status);
  return expiry === undefined
    ? { waitsFor: 'nothing more' }
    : { at: expiry, why: 'its ttlStrategy' };
}

/** A measurement is due on its time; that somebody ends the run is looked for now and then. */
function wakeOf({ metrics }: Open, status: AnalysisRunStatus, now: Millis): Wake {
  const next = nextDue(status, metrics);
  const safety = { at: now + safetyMs, why: 'a look at the run' };
  if (next === undefined || next.at > safety.at) return safety;
  const why = next.goesOn ? `measurement of ${next.name}` : `next measurement of ${next.name}`;
  return { at: Math.max(next.at, now + secondMs), why };
}

/** The definition of runs has no status subresource. */
function statusWrite({ seed }: Gathered, status: AnalysisRunStatus): Write[] {
  const run = seed.object;
  const patch = diffMergePatch({ status: run.status ?? {} }, { status });
  return patch ? [{ phase: 'status', do: 'patch', ref: refOf('AnalysisRun', run), patch }] : [];
}

function pruned(
  { seed, answers }: Gathered,
  { metrics }: Open,
  dropped: ReturnType<typeof retained>['dropped'],
): Write[] {
  return dropped.flatMap(({ name, measurements }) => {
    const metric = metrics.find((each) => each.name === name);
    const provider = metric && providerOf(metric);
    return provider?.prune?.writes(measurements, seed.object, answers) ?? [];
  });
}
