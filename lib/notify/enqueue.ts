import { ifWritten } from '../errors.ts';
import type { Key } from '../model/key.ts';
import type { DeliveryKey, DeliveryRecord, Notification } from '../model/notification.ts';
import type { Envelope, LedgerEntry } from '../model/record.ts';
import type { World } from '../world.ts';
import { isFor, notificationOf } from './notification.ts';

type Enqueuing = Pick<World, 'clock' | 'store' | 'wakes' | 'log' | 'messages'>;

/**
 * Puts the message of a line of the ledger on its way, if a channel asks for it: once, however often it is
 * called. `record`: of the object that the line is of. Rejects as the table does.
 */
export async function enqueueEntry(
  world: Enqueuing,
  key: Key,
  { entry, record }: { entry: LedgerEntry; record: Envelope },
): Promise<void> {
  if (world.messages === undefined) return;
  const notification = notificationOf(key, entry, record);
  if (notification) await enqueue(world, notification);
}

/** Each message is an item of the table with turns of its own: docs/adr/0090-messages.md. */
export async function enqueue(world: Enqueuing, notification: Notification): Promise<void> {
  const { clock, store, wakes, log, messages } = world;
  if (messages === undefined) return;
  const wanted = (await messages.channels()).filter((channel) => isFor(channel, notification));
  if (wanted.length === 0) return;
  const now = clock.now();
  const key = deliveryKey(notification);
  const channels = wanted.map(({ name }) => [name, { state: 'open', tries: 0, nextAt: now }]);
  const record: DeliveryRecord = {
    ...{ key, version: 0, dueAt: now, queuedFor: now, notification, madeAt: now },
    channels: Object.fromEntries(channels),
  };
  if ((await store.save(record).catch(ifWritten)) === undefined) return;
  // It is due: what is not sent now, the sweep sends.
  await wakes.send({ key }, 0).catch((error: unknown) => {
    log('warn', 'a message is sent later', { ...key, error: String(error) });
  });
}

function deliveryKey({ cluster, namespace, rollout, id }: Notification): DeliveryKey {
  const name = rollout === undefined ? id : `${rollout}.${id}`;
  return { cluster, kind: 'Delivery', namespace: namespace ?? '-', name };
}
