import type { Deliveries } from '../apply/outbox.ts';
import type { ObjectMeta } from '../model/argo.generated.ts';
import type { Controller, Decided } from '../model/controller.ts';
import type { Key } from '../model/key.ts';
import type { Tried } from '../record/intents.ts';
import type { World } from '../world.ts';

/** What a run ends in. `V`: what is shown of an object of that kind. */
export type Reconciled<V extends object = object> =
  /** At rest, or handed over to a later wake. `objects`: those that were looked at. */
  | { result: 'settled'; view: V; objects: { metadata?: ObjectMeta }[] }
  /** Another process is at it; it has been told to look once more. */
  | { result: 'busy'; view?: V }
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
  key: Key;
  controller: Controller;
  outbox: Deliveries;
  /** The last command whose write was answered. */
  tried?: Tried;
  /** Why the table could not be used in a turn that went ahead without it. */
  tableError?: Error | undefined;
  /** What the last turn saw whose writes were taken. */
  seen?: Seen;
};

/** What a turn saw and decided. `by`: who keeps the lease after it. */
export type Seen = Decided & { view: object; by?: string };

export function settled({ controller }: Run, { view, object, observed }: Seen): Reconciled {
  return { result: 'settled', view, objects: [object, ...(controller.others?.(observed) ?? [])] };
}
