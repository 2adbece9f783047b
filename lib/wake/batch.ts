import { Terminal } from '../errors.ts';
import type { Log, QueueMessage } from '../world.ts';
import { readWake } from './sqs.ts';

/** A message as the queue hands it to a function, and the answer that names those to try again. */
export type QueueRecord = { messageId: string; body: string };
export type BatchAnswer = { batchItemFailures: { itemIdentifier: string }[] };

/**
 * Delivers a batch's messages side by side, so that one that waits for its time holds up no other.
 * What failed comes again, but for what cannot succeed by itself: that is logged and dropped.
 */
export async function deliverBatch(
  records: QueueRecord[],
  deliver: (message: QueueMessage) => Promise<void>,
  log: Log,
): Promise<BatchAnswer> {
  const fates = await Promise.all(
    records.map(async ({ messageId, body }) => {
      try {
        await deliver(readWake(body));
        return [];
      } catch (error) {
        const isFinal = error instanceof Terminal;
        log(isFinal ? 'error' : 'warn', 'a wake failed', { messageId, body, error: String(error) });
        return isFinal ? [] : [{ itemIdentifier: messageId }];
      }
    }),
  );
  return { batchItemFailures: fates.flat() };
}
