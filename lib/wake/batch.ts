import { Conflict, NotFound, Terminal, Transient, Unreachable } from '../errors.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { QueueMessage, World } from '../world.ts';
import { endOutage, noteOutage } from './outage.ts';
import { readWake } from './sqs.ts';

/** A message as the queue hands it to a function, and the answer that names those to try again. */
export type QueueRecord = { messageId: string; body: string };
export type BatchAnswer = { batchItemFailures: { itemIdentifier: string }[] };

type Batching = Pick<World, 'clock' | 'store' | 'wakes' | 'log' | 'count'>;
type Deliver = (message: QueueMessage) => Promise<void>;

/** How often a wake is sent again before it is left to the queue, and in the end to the dead letters. */
const retriesMax = 5;
const retryMinMs: Millis = secondMs;

/**
 * Delivers a batch's messages side by side, so that one that waits for its time holds up no other. What
 * may work later is sent again, later each time: the queue's own second delivery comes only after minutes.
 * What cannot succeed by itself is logged and dropped. Anything else is a bug, and left to the queue.
 */
export async function deliverBatch(
  world: Batching,
  records: QueueRecord[],
  deliver: Deliver,
): Promise<BatchAnswer> {
  const fates = await Promise.all(
    records.map(async ({ messageId, body }) => {
      const isDone = await handle(world, { messageId, body }, deliver).catch((error: unknown) => {
        world.log('error', 'a wake failed', { messageId, body, error: String(error) });
        world.count('rollout_reconcile_error');
        return false;
      });
      return isDone ? [] : [{ itemIdentifier: messageId }];
    }),
  );
  return { batchItemFailures: fates.flat() };
}

/** Whether the message is done with. */
async function handle(world: Batching, { messageId, body }: QueueRecord, deliver: Deliver) {
  let message: QueueMessage | undefined;
  try {
    message = readWake(body);
    await deliver(message);
    if ('list' in message) await endOutage(world.store.documents, message.list);
    return true;
  } catch (error) {
    if (error instanceof NotFound && message) return await dropUnregistered(world, message, error);
    const isPassing = error instanceof Transient;
    if (!isPassing && !(error instanceof Terminal)) throw error;
    world.log(isPassing ? 'warn' : 'error', 'a wake failed', {
      messageId,
      body,
      error: error.message,
    });
    // A list is what tries a cluster: whatever is wrong, nothing can be done there.
    if (message !== undefined && 'list' in message) await noteOutage(world, message.list, error);
    else if (message !== undefined && isPassing) return await retry(world, message, error);
    else world.count('rollout_reconcile_error');
    return true;
  }
}

/** What is due in a cluster that was taken out of the registry is due no more. */
async function dropUnregistered(
  { store, log }: Batching,
  message: QueueMessage,
  error: NotFound,
): Promise<true> {
  log('warn', 'a wake for no cluster', { message, error: error.message });
  if ('list' in message) return true;
  const record = await store.load(message.key);
  if (record) {
    await store.forget(record.key, record.version).catch((failed: unknown) => {
      if (!(failed instanceof Conflict)) throw failed;
    });
  }
  return true;
}

async function retry(world: Batching, message: QueueMessage, error: Transient): Promise<boolean> {
  const { retries = 0 } = message;
  if (retries < retriesMax) {
    await world.wakes.send({ ...message, retries: retries + 1 }, retryMinMs * 2 ** retries);
    world.count('workqueue_retries_total');
    return true;
  }
  if (!(error instanceof Unreachable) || 'list' in message) {
    world.count('rollout_reconcile_error');
    return false;
  }
  // What is due stays due, and is queued as soon as the cluster answers.
  await noteOutage(world, message.key.cluster, error);
  return true;
}
