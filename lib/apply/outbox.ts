import { Conflict, NotFound, Transient } from '../errors.ts';
import type { Key } from '../model/key.ts';
import type { Message, ObjectEvent } from '../model/outbox.ts';
import type { Envelope } from '../model/record.ts';
import { enqueueEntry } from '../notify/enqueue.ts';
import type { World } from '../world.ts';
import { putEvent } from './events.ts';

/** What one run delivers of the outbox of its object. */
export type Deliveries = {
  /** Delivers what is left in the outbox of a record, and its Events only where they came about. */
  takeOver: (record: Envelope, cameAbout: (event: ObjectEvent) => boolean) => Promise<void>;
  /** Puts the entries of the ledger among these, and before each what people are told of it. */
  append: (messages: Message[] | undefined, record: Envelope) => Promise<void>;
  /** Puts the Events among these, after all before them. No turn waits for that. */
  announce: (messages: Message[]) => void;
  /** What a stored outbox still has to keep. */
  left: (stored: Message[] | undefined) => Message[];
  /** Resolves when no Event is on its way any more. */
  announced: () => Promise<void>;
};

/**
 * The deliveries of a run. What is delivered leaves the outbox with the next save. Where a process ends
 * before that it is delivered again, which changes nothing: a second time it is the same entry or object.
 */
export function deliveries(world: World, key: Key): Deliveries {
  const fates = new Map<string, 'underway' | 'failed' | 'settled'>();
  const fateOf = (message: Message) => fates.get(textOf(message));
  const settle = (message: Message): void => {
    fates.set(textOf(message), 'settled');
  };
  let underway = Promise.resolve();

  const putInOrder = async (events: { event: ObjectEvent }[]): Promise<void> => {
    let isOpen = true;
    for (const message of events) {
      isOpen &&= await isPut(world, key, message.event);
      // What may work later is left to the next turn, and with it those after it.
      fates.set(textOf(message), isOpen ? 'settled' : 'failed');
    }
  };
  const append: Deliveries['append'] = async (messages = [], record) => {
    for (const message of messages) {
      if (!('ledger' in message)) continue;
      await enqueueEntry(world, key, { entry: message.ledger, record });
      const isNew = await world.store.append(key, message.ledger);
      if (isNew && message.ledger.failedBy) {
        world.count('rollout_analysis_aborts_total', 1, placeOf(key));
      }
      settle(message);
    }
  };
  const announce: Deliveries['announce'] = (messages) => {
    const events = messages.filter((message) => 'event' in message);
    for (const message of events) fates.set(textOf(message), 'underway');
    underway = underway.then(() => putInOrder(events));
  };
  return {
    append,
    announce,
    takeOver: async (record, cameAbout) => {
      const { outbox: stored = [] } = record;
      const unseen = stored.filter((message) => fateOf(message) === undefined);
      unseen.filter((each) => 'event' in each && !cameAbout(each.event)).forEach(settle);
      const open = [undefined, 'failed'];
      announce(stored.filter((message) => open.includes(fateOf(message))));
      await append(unseen, record);
    },
    left: (stored = []) =>
      stored.filter((message) => fateOf(message) !== 'settled').map(withoutDoubt),
    announced: () => underway,
  };
}

function placeOf({ namespace, name }: Key): { namespace: string; name: string } {
  return { namespace, name };
}

/** Names a message: it comes back from the table as it went there. */
function textOf(message: Message): string {
  return JSON.stringify(withoutDoubt(message));
}

function withoutDoubt(message: Message): Message {
  if (!('event' in message)) return message;
  const { turn: _, ofObject: __, ...event } = message.event;
  return { event };
}

/** Whether nothing is left to do about an Event: nothing depends on one that is refused for good. */
async function isPut(world: World, key: Key, event: ObjectEvent): Promise<boolean> {
  try {
    await putEvent(world, key, event);
    const { type, reason } = event;
    world.count('rollout_events_total', 1, { ...placeOf(key), type, reason });
    return true;
  } catch (error) {
    world.log('debug', 'event not put', { ...key, error: String(error) });
    // It was told before, and has been forgotten or counted in between.
    const isOvertaken = error instanceof Conflict || error instanceof NotFound;
    return !isOvertaken && !(error instanceof Transient);
  }
}
