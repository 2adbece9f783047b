import type { Controller, Decided } from '../model/controller.ts';
import { textDigest } from '../model/hash.ts';
import type { Message, ObjectEvent } from '../model/outbox.ts';
import type { PlannedEvent } from '../model/plan.ts';
import type { Envelope, LedgerEntry } from '../model/record.ts';
import { uidOf, versionOf } from '../model/workload.ts';

type Object = Decided['object'];

/** The Events of a plan. They are true once its writes are made. */
export function eventsOf(controller: Controller, { object, plan, now }: Decided): Message[] {
  if (plan.events.length === 0) return [];
  const found = digestOf(controller, object, statusOf(object));
  const turn = { found, leaves: digestOf(controller, object, plan.status) };
  return plan.events.map((event) => {
    return eventOf({ object, now }, { ...event, ...(plan.writes.length > 0 && { turn }) });
  });
}

export function eventOf(
  { object, now }: Pick<Decided, 'object' | 'now'>,
  event: PlannedEvent & Pick<ObjectEvent, 'turn'>,
): Message {
  const decided = { uid: uidOf(object), resourceVersion: versionOf(object), at: now };
  return { event: { ...event, ...decided } };
}

/**
 * Whether what an Event tells came about, of a turn that was cut short or whose process ended: the object is
 * as it was to leave it, and that is not decided again. Of another object it may be where its status is not
 * written yet. Where somebody has changed the object since, nobody can tell.
 */
export function cameAbout(
  controller: Controller,
  { object, plan }: Decided,
  event: ObjectEvent,
): boolean {
  const { type, reason, message, ofObject, turn } = event;
  if (turn === undefined) return true;
  const isSame = (other: PlannedEvent): boolean =>
    other.type === type && other.reason === reason && other.message === message;
  const now = digestOf(controller, object, statusOf(object));
  const isAsLeft = now === turn.leaves || (ofObject === true && now === turn.found);
  return isAsLeft && !plan.events.some(isSame);
}

function statusOf(object: Object): object {
  return 'status' in object && object.status ? object.status : {};
}

function digestOf({ statusText }: Controller, { metadata }: Object, status: object): string {
  return textDigest(`${metadata?.generation} ${statusText(status)}`);
}

/** The record with these in its outbox, and no others. */
export function withMessages(outbox: Message[], { outbox: _, ...record }: Envelope): Envelope {
  return outbox.length === 0 ? record : { ...record, outbox };
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
