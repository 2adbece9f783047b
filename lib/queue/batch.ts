import { ifWritten, NotFound, Terminal, Transient, Unreachable } from '../errors.ts';
import { keyText } from '../model/key.ts';
import { type MetricName, turnMetric } from '../model/metrics.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { QueueMessage, World } from '../world.ts';
import { readWake } from './message.ts';
import { noteOutage, outageOf } from './outage.ts';

/** A message as the queue hands it to a function, and the answer that names those to try again. */
export type QueueRecord = { messageId: string; body: string };
export type BatchAnswer = { batchItemFailures: { itemIdentifier: string }[] };

type Batching = Pick<
  World,
  'clock' | 'clusters' | 'store' | 'wakes' | 'log' | 'count' | 'messages'
>;
type Deliver = (message: QueueMessage) => Promise<void>;

/** How often a wake is sent again before it is left to the queue, and in the end to the dead letters. */
const retriesMax = 5;
/** And of one whose cluster gave no answer, until that one is noted as silent. */
const silentRetriesMax = 2;
const retryMinMs: Millis = secondMs;

/**
 * Delivers a batch's messages side by side, so that one that waits for its time holds up no other; those
 * for the same object one after the other, since they would only stand in each other's way. What
 * may work later is sent again, later each time: the queue's own second delivery comes only after minutes.
 * What cannot succeed by itself is logged and dropped. Anything else is a bug, and left to the queue.
 */
export async function deliverBatch(
  world: Batching,
  records: QueueRecord[],
  deliver: Deliver,
): Promise<BatchAnswer> {
  const lanes = Map.groupBy(records, ({ body }) => objectIn(body));
  const failed = await Promise.all(
    [...lanes.values()].map(async (lane) => {
      const failures: string[] = [];
      for (const record of lane) {
        const isDone = await handle(world, record, deliver).catch((error: unknown) => {
          const level = error instanceof Transient ? 'warn' : 'error';
          world.log(level, 'a wake failed', { ...record, error: String(error) });
          world.count(failureMetric(messageIn(record.body)));
          return false;
        });
        if (!isDone) failures.push(record.messageId);
      }
      return failures;
    }),
  );
  return { batchItemFailures: failed.flat().map((itemIdentifier) => ({ itemIdentifier })) };
}

/** What may not be worked on twice at a time. */
function objectIn(body: string): string {
  const message = messageIn(body);
  if (message === undefined) return body;
  return 'list' in message ? message.list : keyText(message.key);
}

/** One that cannot be read is told of when it is handled. */
function messageIn(body: string): QueueMessage | undefined {
  try {
    return readWake(body);
  } catch {
    return undefined;
  }
}

function failureMetric(message: QueueMessage | undefined): MetricName {
  const key = message && 'key' in message ? message.key : {};
  return turnMetric(key, 'reconcile_error');
}

/** Whether the message is done with. */
async function handle(world: Batching, { messageId, body }: QueueRecord, deliver: Deliver) {
  let message: QueueMessage | undefined;
  try {
    message = readWake(body);
    await deliver(message);
    return true;
  } catch (error) {
    if (error instanceof NotFound && message) return await dropUnregistered(world, message, error);
    const isPassing = error instanceof Transient;
    if (!isPassing && !(error instanceof Terminal)) throw error;
    const said = { messageId, body, error: String(error) };
    world.log(isPassing ? 'warn' : 'error', 'a wake failed', said);
    if (message !== undefined && isPassing) return await retry(world, message, error);
    world.count(failureMetric(message));
    return true;
  }
}

/** What is due in a cluster that was taken out of the registry is due no more. */
async function dropUnregistered(
  { store, log, clusters }: Batching,
  message: QueueMessage,
  error: NotFound,
): Promise<true> {
  const name = 'list' in message ? message.list : message.key.cluster;
  // Anything else that is not found is none of a wake's business.
  if ((await clusters()).some((each) => each.name === name)) throw error;
  log('warn', 'a wake for no cluster', { message, error: error.message });
  if ('list' in message) return true;
  const record = await store.load(message.key);
  if (record) await store.forget(record.key, record.version).catch(ifWritten);
  return true;
}

/**
 * A list is what tries a cluster that does not answer. Of an object, what is due stays due, and is woken as
 * soon as its cluster answers.
 */
async function retry(world: Batching, message: QueueMessage, error: Transient): Promise<boolean> {
  const { retries = 0 } = message;
  if (error instanceof Unreachable && (await isLeft(world, message))) {
    await noteOutage(world, 'list' in message ? message.list : message.key.cluster, error);
    return true;
  }
  if (retries >= retriesMax) {
    world.count(failureMetric(message));
    return false;
  }
  await world.wakes.send({ ...message, retries: retries + 1 }, retryMinMs * 2 ** retries);
  world.count('workqueue_retries_total');
  return true;
}

/** Whether a wake is left to the end of its cluster's outage. */
async function isLeft({ store }: Batching, message: QueueMessage): Promise<boolean> {
  if ('list' in message || (message.retries ?? 0) >= silentRetriesMax) return true;
  return (await outageOf(store.documents, message.key.cluster)) !== undefined;
}
