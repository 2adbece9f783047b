import type { ManagedFieldsEntry, Rollout } from '../../model/argo.generated.ts';
import { largest } from '../../model/extremes.ts';
import { fieldManager } from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import { deepEqual } from '../../model/patch.ts';
import type { MergePatch, Reason } from '../../model/plan.ts';
import type { ConflictingController, Others } from '../../model/record.ts';
import { fromTime, type Millis, minuteMs, secondMs, toTime } from '../../model/units.ts';

/** How long a rollout nobody of ours has written to must be left alone by others first. */
const quietMs = 10 * secondMs;
const backOffMaxMs = 5 * minuteMs;
/** A sighting this old does not lengthen the next back-off any more. */
const forgetMs = 10 * minuteMs;
/** The same write needed this often in a row: somebody undoes it. */
const undoneMax = 3;

/** Parts of the status that only a controller writes; the plugin writes none of them. */
const controllerFields = ['f:phase', 'f:conditions', 'f:observedGeneration', 'f:currentPodHash'];

type Sighting = { manager: string; seenAt: Millis };

/** How long to keep away after having met another controller this many times in a row. */
export function backOffMs(times: number): Millis {
  return Math.min(backOffMaxMs, quietMs * 2 ** Math.max(0, times - 1));
}

export type Kept = { until: Millis; conflictingController: ConflictingController };

/** Whether a controller that was met is still kept away from. */
export function keptFrom(
  conflictingController: ConflictingController | undefined,
  now: Millis,
): Kept | undefined {
  if (conflictingController === undefined) return undefined;
  const until = conflictingController.seenAt + backOffMs(conflictingController.times);
  return now < until ? { until, conflictingController } : undefined;
}

/** What `explain` says of it. */
export function keptReason({ conflictingController, until }: Kept): Reason {
  const { manager } = conflictingController;
  return {
    text: `${manager} writes to this rollout's status too, so Serin keeps away from it.`,
    since: conflictingController.seenAt,
    until,
    unblock: `stop ${manager}, or give the rollout another controller-instance-id`,
  };
}

/** And what is said to whoever commands something meanwhile. */
export function keptDetail(kept: Kept): string {
  const { text, unblock } = keptReason(kept);
  return `${text} It looks again at ${toTime(kept.until)}. To go on: ${unblock}.`;
}

/** Until when to keep away; undefined when nobody else drives this rollout. */
export function conflictUntil(
  observed: Pick<Observed, 'rollout' | 'record'>,
  now: Millis,
): Kept | undefined {
  const known = observed.record?.conflictingController;
  const sighting = sightRival(observed, now);
  if (sighting) {
    const isAgain = known !== undefined && now - known.seenAt < forgetMs;
    const times = (isAgain ? known.times : 0) + 1;
    const conflictingController = {
      manager: sighting.manager,
      seenAt: now,
      times,
      wroteAt: sighting.seenAt,
    };
    return { until: now + backOffMs(times), conflictingController };
  }
  return keptFrom(known, now);
}

/**
 * A controller's write to the status that is newer than the last we have seen of any other. What is written
 * under our own name may be anybody's: it is passed over, and makes no other controller's write an old one.
 */
function sightRival(
  observed: Pick<Observed, 'rollout' | 'record'>,
  now: Millis,
): Sighting | undefined {
  const { rollout, record } = observed;
  const patch = record?.lastPatch;
  if (patch && patch.times >= undoneMax) return { manager: 'somebody', seenAt: now };
  const latest = latestOfOthers(rollout);
  if (!latest) return undefined;
  const known = [record?.others?.wroteAt, record?.conflictingController?.wroteAt].filter(
    (at) => at !== undefined,
  );
  const isNews = known.length > 0 ? latest.seenAt > largest(known) : now - latest.seenAt < quietMs;
  return isNews ? latest : undefined;
}

function latestOfOthers(rollout: Rollout): Sighting | undefined {
  return statusWrites(rollout)
    .filter((entry) => entry.manager !== fieldManager)
    .map((entry) => ({ manager: entry.manager ?? 'unknown', seenAt: timeOf(entry) }))
    .sort((a, b) => b.seenAt - a.seenAt)[0];
}

/** What is to be remembered of other controllers' writes, so that the next of them is known for news. */
export function othersIn(
  { rollout, record }: Pick<Observed, 'rollout' | 'record'>,
  now: Millis,
): Others {
  const wroteAt = latestOfOthers(rollout)?.seenAt ?? 0;
  const known = record?.others;
  return known && wroteAt <= known.wroteAt ? known : { wroteAt, seenAt: now };
}

/** Whether Serin remembers that it wrote to the status, and no other controller has since. */
export function isDrivenHere({ rollout, record }: Pick<Observed, 'rollout' | 'record'>): boolean {
  const { others, statusAt } = record ?? {};
  if (!others || statusAt === undefined || statusAt < others.seenAt) return false;
  return (latestOfOthers(rollout)?.seenAt ?? 0) <= others.wroteAt;
}

/** The last controller that wrote to the status, by the name it gives itself. */
export function lastDriver(rollout: Rollout): string | undefined {
  return statusWrites(rollout).sort((a, b) => timeOf(b) - timeOf(a))[0]?.manager;
}

function statusWrites(rollout: Rollout): ManagedFieldsEntry[] {
  return (rollout.metadata?.managedFields ?? []).filter(isOfController);
}

/** Whether these are the fields of a controller, and not those of a person who promotes or aborts. */
export function isOfController(entry: ManagedFieldsEntry): boolean {
  const fields = (entry.fieldsV1 as { 'f:status'?: object } | undefined)?.['f:status'] ?? {};
  return entry.subresource === 'status' && controllerFields.some((field) => field in fields);
}

function timeOf(entry: ManagedFieldsEntry): Millis {
  return entry.time ? fromTime(entry.time) : 0;
}

/** What a status patch says, without its times: to know the same patch when it is needed again. */
export function patchDigest(patch: MergePatch): string {
  return JSON.stringify(patch, (field, value) =>
    ['lastUpdateTime', 'lastTransitionTime', 'startTime', 'abortedAt'].includes(field)
      ? undefined
      : value,
  );
}

/** Counts how often in a row the same patch was carried out and was needed again. */
export function countPatch(
  last: { digest: string; times: number } | undefined,
  applied: string | undefined,
): { digest: string; times: number } | undefined {
  if (applied === undefined) return undefined;
  return deepEqual(last?.digest, applied)
    ? { digest: applied, times: (last?.times ?? 0) + 1 }
    : { digest: applied, times: 1 };
}
