import type { PlannedEvent } from './plan.ts';
import type { LedgerEntry } from './record.ts';
import type { Millis } from './units.ts';

/**
 * What is to be told of the progress it is stored with, each delivered once: an entry of the ledger tells
 * what was seen, an Event what was decided, once that is carried out.
 */
export type Message = { ledger: LedgerEntry } | { event: ObjectEvent };

/** An Event, and which version of which object it was decided of: put twice it is one object. */
export type ObjectEvent = PlannedEvent & {
  uid: string;
  resourceVersion: string;
  at: Millis;
  /** Until it is known whether it came about: digests of the object as its turn found and leaves it. */
  turn?: { found: string; leaves: string };
};
