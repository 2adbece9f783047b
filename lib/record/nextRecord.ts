import type { Controller, Decided, Remembered } from '../model/controller.ts';
import { defined } from '../model/defined.ts';
import { deepEqual } from '../model/patch.ts';
import { type AnyPlan, safetyMs } from '../model/plan.ts';
import type { Envelope } from '../model/record.ts';
import { type Millis, secondMs } from '../model/units.ts';
import { uidOf, versionOf } from '../model/workload.ts';
import { stillQueued } from '../queue/queue.ts';
import { closeIntents, remembered } from './intents.ts';
import { eventsOf } from './outbox.ts';

/** How long a lease holds when its process ended without giving it up. */
const leaseMs: Millis = 20 * secondMs;

export type Next = { record: Envelope } & Pick<Remembered<object>, 'warning'>;

/**
 * The record as of an observation, and in it what is to be told, and when the object is due again. Before the
 * plan is carried out. It holds what is named here, and what its controller remembers: nothing else of the
 * record before it stays. Pure.
 */
export function nextRecord(
  controller: Controller,
  before: Envelope,
  seen: Decided & { view: object; by?: string },
): Next {
  const { object, plan, view, now, by } = seen;
  const { key, version, lastPatch, refused, remedy } = before;
  const intents = closeIntents(before.intents, plan);
  const { memory, told, managed, warning } = controller.memory(before, { ...seen, intents });
  const acts = plan.writes.length > 0;
  const entries = told.map((ledger) => ({ ledger }));
  const outbox = acts ? [...entries, ...eventsOf(controller, seen)] : entries;
  const record: Envelope = {
    ...{ key, version },
    intents: remembered(intents, now),
    polls: isUnchanged(before, seen) ? before.polls + 1 : 0,
    ...dueOf(plan, now),
    ...stillQueued(before, now),
    ...(acts && by !== undefined && { lease: { by, until: now + leaseMs } }),
    ...defined({ lastPatch, refused, remedy }),
    ...(outbox.length > 0 && { outbox }),
    ...(managed.length > 0 && { managed }),
    view,
    progress: { uid: uidOf(object), resourceVersion: versionOf(object), observedAt: now },
    ...memory,
  };
  return { record, ...(warning && { warning }) };
}

/** Evictions that a disruption budget refuses change nothing: they are tried less and less often. */
function isUnchanged({ progress }: Envelope, { object, plan }: Decided): boolean {
  const isActive = plan.writes.some((write) => write.do !== 'evict');
  return progress?.resourceVersion === versionOf(object) && !isActive;
}

function dueOf(plan: AnyPlan, now: Millis): Pick<Envelope, 'dueAt' | 'dueFor'> {
  const at = 'at' in plan.wake ? plan.wake.at : undefined;
  if (plan.writes.length > 0) {
    return { dueAt: Math.min(at ?? Number.POSITIVE_INFINITY, now + safetyMs), dueFor: 'this turn' };
  }
  return 'at' in plan.wake ? { dueAt: plan.wake.at, dueFor: plan.wake.why } : {};
}

/** Whether saving would change anything that matters; the times of looking do not. */
export function isSameRecord(before: Envelope, after: Envelope): boolean {
  return deepEqual(timeless(before), timeless(after));
}

function timeless({ polls: _, progress, view, queuedFor: __, ...rest }: Envelope): object {
  return {
    ...rest,
    progress: { ...progress, observedAt: 0 },
    view: { ...view, observedAt: 0 },
  };
}
