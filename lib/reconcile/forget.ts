import { apply } from '../apply/apply.ts';
import { cleanup, servicesIn } from '../decide/rollout/cleanup.ts';
import { ifGone } from '../errors.ts';
import type { RolloutRecord } from '../model/record.ts';
import { readObjects } from '../observe/observe.ts';
import { lastMessages } from '../record/nextRecord.ts';
import type { Reconciled, Run } from './run.ts';

/**
 * What is left to do for a rollout that was deleted. What is still to be told of it is told first: the ledger
 * outlives the rollout.
 */
export async function forget(
  { world, outbox }: Run,
  record: RolloutRecord | undefined,
): Promise<Reconciled> {
  if (record === undefined) return { result: 'gone' };
  const { key } = record;
  const found = await readObjects(await world.cluster(key.cluster), servicesIn(record));
  await apply(world, key, cleanup(key.name, found)).catch(ifGone);
  const left = lastMessages(record, world.clock.now());
  await outbox.takeOver(left, ({ turn }) => turn === undefined);
  await outbox.announced();
  await world.store.forget(record.key, record.version);
  return { result: 'gone' };
}
