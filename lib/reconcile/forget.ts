import { apply } from '../apply/apply.ts';
import { ifOutdated, Transient } from '../errors.ts';
import type { Envelope } from '../model/record.ts';
import { readAll } from '../observe/observe.ts';
import { lastMessages } from '../record/intents.ts';
import type { Reconciled, Run } from './run.ts';

/**
 * What is left to do for an object that was deleted. What is still to be told of it is told first: the ledger
 * outlives it.
 */
export async function forget(run: Run, record: Envelope | undefined): Promise<Reconciled> {
  if (record === undefined) return { result: 'gone' };
  const { world, key, controller, outbox } = run;
  const answers = await readAll(
    world,
    key,
    (known) => controller.cleanupNeeds?.(record, known) ?? [],
  );
  const writes = controller.cleanup?.(record, answers) ?? [];
  const { unrouted } = await apply(world, key, writes).catch(ifOutdated);
  const later = unrouted.find(({ passing }) => passing);
  if (later) throw new Transient(later.why);
  const left = lastMessages(record, controller.ledger, world.clock.now());
  await outbox.takeOver({ ...record, outbox: left }, ({ turn }) => turn === undefined);
  await outbox.announced();
  await world.store.forget(record.key, record.version);
  return { result: 'gone' };
}
