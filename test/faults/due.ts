import type { Rollout } from '../../lib/model/argo.generated.ts';
import { fromTime, type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import type { Stage } from './stage.ts';

const everyMs = 5 * secondMs;
/** What went ahead without the table is made up for by the wake that is tried again. */
const retriedMs = 3 * minuteMs;
/** The longest back-off from another controller, and a turn. */
const keptAwayMs = 6 * minuteMs;
/** A wake that was lost is sent again by a sweep, in calm not later than this. */
const overdueMs = 3 * minuteMs;

/** Looks at the table every few seconds, while no process is at work. */
export function watchDue(stage: Stage): void {
  const { clock, dog, processes } = stage;
  const every = (): void => {
    if (processes.running === 0 && dog.violations.length === 0) {
      judgeProgress(stage);
      judgeOverdue(stage);
    }
    clock.schedule(clock.now() + everyMs, every);
  };
  clock.schedule(clock.now() + everyMs, every);
}

/** DESIGN §1: while a release is in progress and no process is at it, it is due within a minute. */
function judgeProgress({ clock, dog }: Stage): void {
  const rollout = dog.live() ?? {};
  const now = clock.now();
  const { dueAt, conflictingController, progress } = dog.memory.record ?? {};
  const latest = latestDue(rollout, progress?.generation, now);
  if (latest === undefined || now - dog.lastStoreFaultAt < retriedMs) return;
  if (conflictingController !== undefined && now < conflictingController.seenAt + keptAwayMs)
    return;
  if (dueAt !== undefined && dueAt <= latest) return;
  const when = dueAt === undefined ? 'not at all' : `in ${dueAt - now} ms`;
  const { phase, message = '' } = rollout.status ?? {};
  dog.fail('due in time', `${phase} (${message}) and due ${when}, not in ${latest - now} ms`);
}

/**
 * When it has to be due, at the latest, a restart included; undefined where nothing happens by itself. A
 * restart that Serin has not seen is none of it; what the status says was seen may have been another's look,
 * and one that is wiped has to be seen again.
 */
function latestDue(
  { spec, status, metadata }: Rollout,
  seen: number | undefined,
  now: Millis,
): Millis | undefined {
  const soon = now + minuteMs;
  if (status?.phase === 'Progressing') return soon;
  const { generation } = metadata ?? {};
  const isSeen = seen === generation && status?.observedGeneration === String(generation);
  const at = fromTime(spec?.restartAt ?? '');
  if (!isSeen || Number.isNaN(at) || at === fromTime(status?.restartedAt ?? '')) return undefined;
  return Math.max(at, soon);
}

/** What was due is dealt with, or due at another time by now. */
function judgeOverdue({ clock, dog, calmAt }: Stage): void {
  const now = clock.now();
  const { dueAt } = dog.memory.record ?? {};
  if (calmAt === undefined || dueAt === undefined || dog.outage.isDown) return;
  // The table may have been down, by a drill or by the storm.
  const since = Math.max(dueAt, calmAt, dog.lastStoreFaultAt);
  if (now - since <= overdueMs) return;
  dog.fail('what is due is done', `overdue by ${now - dueAt} ms`);
}
