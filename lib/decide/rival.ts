import type { ManagedFieldsEntry, Rollout } from '../model/argo.generated.ts';
import { fieldManager } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import { deepEqual } from '../model/patch.ts';
import type { MergePatch } from '../model/plan.ts';
import type { Rival } from '../model/record.ts';
import { fromTime, type Millis, minuteMs, secondMs } from '../model/units.ts';

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

/** How long to keep away after having met a rival this many times in a row. */
export function backOffMs(times: number): Millis {
  return Math.min(backOffMaxMs, quietMs * 2 ** Math.max(0, times - 1));
}

/** Until when to keep away; undefined when nobody else drives this rollout. */
export function rivalUntil(
  observed: Pick<Observed, 'rollout' | 'record'>,
  now: Millis,
): { until: Millis; rival: Rival } | undefined {
  const known = observed.record?.rival;
  const sighting = sightRival(observed, now);
  if (sighting) {
    const isAgain = known !== undefined && now - known.seenAt < forgetMs;
    const times = (isAgain ? known.times : 0) + 1;
    const rival = { manager: sighting.manager, seenAt: now, times, wroteAt: sighting.seenAt };
    return { until: now + backOffMs(times), rival };
  }
  if (!known) return undefined;
  const until = known.seenAt + backOffMs(known.times);
  return now < until ? { until, rival: known } : undefined;
}

/** A controller's write to the status that is newer than ours, or than the last we met. */
function sightRival(
  observed: Pick<Observed, 'rollout' | 'record'>,
  now: Millis,
): Sighting | undefined {
  const { rollout, record } = observed;
  const patch = record?.lastPatch;
  if (patch && patch.times >= undoneMax) return { manager: 'somebody', seenAt: now };
  const latest = statusWrites(rollout)
    .filter((entry) => entry.manager !== fieldManager)
    .map((entry) => ({ manager: entry.manager ?? 'unknown', seenAt: timeOf(entry) }))
    .sort((a, b) => b.seenAt - a.seenAt)[0];
  if (!latest) return undefined;
  const own = Math.max(
    ...statusWrites(rollout)
      .filter((entry) => entry.manager === fieldManager)
      .map(timeOf),
  );
  const since = record?.rival?.wroteAt ?? Number.NEGATIVE_INFINITY;
  // Times have whole seconds: an equal one may have been before ours.
  if (own > 0) return latest.seenAt > Math.max(own, since) ? latest : undefined;
  return now - latest.seenAt < quietMs && latest.seenAt > since ? latest : undefined;
}

/** Whether the last controller that wrote to the status was Serin. */
export function isDrivenHere(rollout: Rollout): boolean {
  const latest = statusWrites(rollout).sort((a, b) => timeOf(b) - timeOf(a))[0];
  return latest?.manager === fieldManager;
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
