import { expired } from '../decide/commands/intents.ts';
import { Conflict } from '../errors.ts';
import type { Controller } from '../model/controller.ts';
import { type Intent, intentLifeMs } from '../model/intent.ts';
import type { Key } from '../model/key.ts';
import type { Envelope } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import { scheduleWake } from '../queue/queue.ts';
import type { World } from '../world.ts';
import { withClosed } from './intents.ts';
import { entriesIn } from './outbox.ts';

/**
 * Closes the commands whose time is up while the cluster cannot be asked, so that nobody has to wait for
 * it to come back to be told, and has the others looked at when theirs is. An abort is kept: it has no end.
 */
export async function expireCommands(
  world: Pick<World, 'clock' | 'store' | 'wakes'>,
  key: Key,
  ledger: Controller['ledger'],
): Promise<void> {
  const record = await world.store.load(key);
  if (record === undefined) return;
  const now = world.clock.now();
  const timed = record.intents.filter(
    ({ outcome, command }) => outcome === undefined && command.verb !== 'abort',
  );
  const late = timed.filter((intent) => endOf(intent) <= now);
  if (late.length > 0) await close(world, record, { late, ledger, now });
  const ends = timed.map(endOf).filter((end) => end > now);
  if (ends.length > 0) await scheduleWake(world, { key, dueAt: Math.min(...ends) }, now);
}

/** The first moment at which it has expired. */
function endOf({ acceptedAt }: Intent): Millis {
  return acceptedAt + intentLifeMs + 1;
}

async function close(
  { store }: Pick<World, 'store'>,
  record: Envelope,
  { late, ledger, now }: { late: Intent[]; ledger: Controller['ledger']; now: Millis },
): Promise<void> {
  const closed = late.reduce(
    (made, intent) => withClosed(made, { id: intent.id, outcome: expired(intent, now) }, ledger),
    record,
  );
  try {
    await store.save(closed);
    for (const entry of entriesIn(closed.outbox)) await store.append(record.key, entry);
  } catch (error) {
    // Whoever wrote in between sees to it, or the next try does.
    if (!(error instanceof Conflict)) throw error;
  }
}
