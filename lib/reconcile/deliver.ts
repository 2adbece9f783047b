import { Unreachable } from '../errors.ts';
import type { Key, RolloutKey } from '../model/key.ts';
import type { RolloutView } from '../model/view.ts';
import { noteAnswer } from '../queue/outage.ts';
import { waitMs, waitOut } from '../queue/queue.ts';
import { recheckStale } from '../queue/recheckStale.ts';
import { hasTimeFor, turnMs } from '../queue/timeLeft.ts';
import { reconcile } from '../reconcile.ts';
import { expireCommands } from '../record/expire.ts';
import type { QueueMessage, World } from '../world.ts';
import { controllerOf } from './controllers.ts';
import { deliverMessage } from './deliverMessage.ts';
import { resync } from './resync.ts';
import type { Reconciled } from './run.ts';

/**
 * Does what a message in the queue asks for. A timer's message comes early: the rest is waited out. What
 * there is no time for goes back into the queue.
 */
export async function deliver(world: World, message: QueueMessage): Promise<void> {
  const leftMs = 'list' in message ? 0 : waitMs(message, world.clock.now());
  if (!hasTimeFor(world, leftMs + turnMs)) return await world.wakes.send(message, 0);
  if ('list' in message) {
    await resync(world, message.list);
    return;
  }
  await waitOut(world.clock, message);
  const { key } = message;
  if (key.kind === 'Delivery') return await deliverMessage(world, key);
  const ended = await reach(world, key);
  const objects = ended.result === 'settled' ? ended.objects : [];
  await recheckStale(world, message, ended.result === 'busy' ? 'not looked' : objects);
}

/** Reconciles, and takes note of whether the cluster answers: it may be that nobody has heard it for long. */
export async function reach(world: World, key: RolloutKey): Promise<Reconciled<RolloutView>>;
export async function reach(world: World, key: Key): Promise<Reconciled>;
export async function reach(world: World, key: Key): Promise<Reconciled> {
  try {
    const ended = await reconcile(world, key);
    if (ended.result !== 'busy') await noteAnswer(world, key.cluster);
    return ended;
  } catch (error) {
    if (error instanceof Unreachable) await expireCommands(world, key, controllerOf(key).ledger);
    throw error;
  }
}
