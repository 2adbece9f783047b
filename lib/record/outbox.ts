import type { Rollout, RolloutStatus } from '../model/argo.generated.ts';
import { encodeGo } from '../model/encode.ts';
import { textDigest } from '../model/hash.ts';
import type { Observed } from '../model/observed.ts';
import type { Message, RolloutEvent } from '../model/outbox.ts';
import type { Plan, PlannedEvent } from '../model/plan.ts';
import type { LedgerEntry, RolloutRecord } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import { uidOf, versionOf } from '../model/workload.ts';

type Seen = { observed: Observed; now: Millis };
type Decided = Seen & { plan: Plan };

/** The Events of a plan. They are true once its writes are made. */
export function eventsOf({ observed, plan, now }: Decided): Message[] {
  const { rollout } = observed;
  if (plan.events.length === 0) return [];
  const found = digestOf(rollout, rollout.status);
  const turn = { found, leaves: digestOf(rollout, plan.status) };
  return plan.events.map((event) => {
    return eventOf({ observed, now }, { ...event, ...(plan.writes.length > 0 && { turn }) });
  });
}

export function eventOf(
  { observed: { rollout }, now }: Seen,
  event: PlannedEvent & Pick<RolloutEvent, 'turn'>,
): Message {
  const decided = { uid: uidOf(rollout), resourceVersion: versionOf(rollout), at: now };
  return { event: { ...event, ...decided } };
}

/**
 * Whether what an Event tells came about, of a turn that was cut short or whose process ended: the rollout is
 * as it was to leave it, and that is not decided again. Of another object it may be where its status is not
 * written yet. Where somebody has changed the rollout since, nobody can tell.
 */
export function cameAbout({ observed, plan }: Decided, event: RolloutEvent): boolean {
  const { type, reason, message, ofObject, turn } = event;
  if (turn === undefined) return true;
  const isSame = (other: PlannedEvent): boolean =>
    other.type === type && other.reason === reason && other.message === message;
  const { rollout } = observed;
  const now = digestOf(rollout, rollout.status);
  const isAsLeft = now === turn.leaves || (ofObject === true && now === turn.found);
  return isAsLeft && !plan.events.some(isSame);
}

function digestOf({ metadata }: Rollout, status: RolloutStatus | undefined): string {
  return textDigest(`${metadata?.generation} ${encodeGo('RolloutStatus', status ?? {})}`);
}

/** The record with these in its outbox, before what is new there. */
export function withMessages(
  left: Message[],
  { outbox = [], ...record }: RolloutRecord,
): RolloutRecord {
  const all = [...left, ...outbox];
  return all.length === 0 ? record : { ...record, outbox: all };
}

export function entriesIn(outbox: Message[] = []): LedgerEntry[] {
  return outbox.flatMap((message) => ('ledger' in message ? [message.ledger] : []));
}

export function mapEntries(
  outbox: Message[],
  change: (entry: LedgerEntry) => LedgerEntry,
): Message[] {
  return outbox.map((message) =>
    'ledger' in message ? { ledger: change(message.ledger) } : message,
  );
}
