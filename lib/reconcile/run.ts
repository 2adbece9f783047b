import type { Deliveries } from '../apply/outbox.ts';
import type { RolloutKey } from '../model/key.ts';
import type { Observed } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import type { Millis } from '../model/units.ts';
import type { RolloutView } from '../model/view.ts';
import type { Tried } from '../record/nextRecord.ts';
import type { World } from '../world.ts';

/** What a run ends in. */
export type Reconciled =
  /** At rest, or handed over to a later wake. */
  | { result: 'settled'; view: RolloutView; observed: Observed }
  /** Another process is at it; it has been told to look once more. */
  | { result: 'busy'; view?: RolloutView }
  | { result: 'gone' };

/** How the run stands before a turn: how the turn before it went. */
export type Again =
  | { again: 'begun' }
  /** Its writes were taken. `patch`: the digest of the status patch among them. */
  | { again: 'written'; patch?: string }
  /** A write was refused for good, which the status does not say yet. */
  | { again: 'refused' }
  /** Somebody else wrote: what was observed is not so any more. */
  | { again: 'overtaken' };

/** What the turns of one run share. */
export type Run = {
  world: World;
  key: RolloutKey;
  outbox: Deliveries;
  /** The last command whose write was answered. */
  tried?: Tried;
  /** Why the table could not be used in a turn that went ahead without it. */
  tableError?: Error | undefined;
  /** What the last turn saw whose writes were taken. */
  seen?: Seen;
};

/** What a turn saw and decided. `by`: who keeps the lease after it. */
export type Seen = {
  observed: Observed;
  plan: Plan;
  view: RolloutView;
  now: Millis;
  by?: string;
};

export function settled({ view, observed }: Seen): Reconciled {
  return { result: 'settled', view, observed };
}
