import { ifWritten } from '../errors.ts';
import type {
  Channel,
  ChannelState,
  DeliveryKey,
  DeliveryRecord,
  Notification,
} from '../model/notification.ts';
import { own } from '../model/own.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../model/units.ts';
import { queuedFor, scheduleWake } from '../queue/queue.ts';
import type { World } from '../world.ts';

/** How long a process that sends has the message alone: each channel takes less. */
const aloneMs: Millis = 40 * secondMs;
const retryMinMs: Millis = 10 * secondMs;
const retryMaxMs: Millis = 30 * minuteMs;
/** How long a channel is tried. */
const giveUpMs: Millis = 24 * hourMs;
/** How long is remembered that a message was made, so that it is not made again, and that it was given up. */
const keptMs: Millis = 24 * hourMs;
const failedKeptMs: Millis = 7 * 24 * hourMs;
/** Of what a receiver says. */
const saidMax = 300;

type Delivering = Pick<
  World,
  'clock' | 'endsAt' | 'store' | 'wakes' | 'log' | 'count' | 'messages'
>;

/**
 * Takes one message as far as it can get now: it is sent by each channel whose time has come, side by side,
 * and one that fails holds up no other. What was sent is not sent again, unless the process ends between a
 * channel's answer and the table's.
 */
export async function deliverMessage(world: Delivering, key: DeliveryKey): Promise<void> {
  const { clock, store } = world;
  const now = clock.now();
  const record = await store.load(key);
  if (record === undefined || world.messages === undefined) return;
  if ((record.sendingUntil ?? 0) > now) return;
  const due = namesDue(record, now);
  if (due.length === 0) return await forgetOld(store, record, now);
  const until = now + aloneMs;
  const claim = { ...record, sendingUntil: until, dueAt: until, queuedFor: until };
  const claimed = await store.save(claim).catch(ifWritten);
  // Somebody else is at it.
  if (claimed === undefined) return;
  const channels = new Map((await world.messages.channels()).map((each) => [each.name, each]));
  const tried = await Promise.all(
    due.map(async (name) => {
      const state = own(claimed.channels, name) ?? { state: 'open', tries: 0 };
      return [name, await tryChannel(world, claimed, { name, state, channel: channels.get(name) })];
    }),
  );
  await rest(
    world,
    { ...claimed, channels: { ...claimed.channels, ...Object.fromEntries(tried) } },
    clock.now(),
  );
}

function namesDue({ channels }: DeliveryRecord, now: Millis): string[] {
  return Object.entries(channels).flatMap(([name, { state, nextAt = 0 }]) =>
    state === 'open' && nextAt <= now ? [name] : [],
  );
}

async function tryChannel(
  world: Delivering,
  { key, notification, madeAt }: DeliveryRecord,
  { name, state, channel }: { name: string; state: ChannelState; channel: Channel | undefined },
): Promise<ChannelState> {
  const { clock, log, count } = world;
  const tries = state.tries + 1;
  const ended = channel
    ? await send(world, channel, notification)
    : { skipped: 'the settings have this channel no more' };
  const now = clock.now();
  if (!(ended instanceof Error)) {
    if (ended.skipped !== undefined) {
      return { state: 'skipped', tries, endedAt: now, said: ended.skipped };
    }
    count('notifications_sent_total');
    return { state: 'sent', tries, endedAt: now };
  }
  const failed: Failure = ended;
  const nextAt = now + waitMs(tries, failed);
  const isOver = nextAt > madeAt + giveUpMs;
  const said = failed.message.slice(0, saidMax);
  log(isOver ? 'error' : 'warn', 'a message was not taken', { ...key, channel: name, tries, said });
  count('notification_failures_total');
  return isOver
    ? { state: 'failed', tries, endedAt: now, said }
    : { ...state, tries, nextAt, said };
}

type Failure = Error & { retryAfterMs?: Millis };

async function send(
  { messages, endsAt }: Delivering,
  channel: Channel,
  notification: Notification,
): Promise<Failure | { skipped?: string }> {
  try {
    return (await messages?.send(channel, notification, endsAt)) ?? {};
  } catch (error) {
    // A fault of ours in one channel is that channel's: the others are sent, and it is seen in the checks.
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Twice as long each time, and at least as long as the receiver asks for. */
function waitMs(tries: number, { retryAfterMs = 0 }: Failure): Millis {
  const backOffMs = Math.min(retryMaxMs, retryMinMs * 2 ** (tries - 1));
  return Math.max(backOffMs, Math.min(retryAfterMs, retryMaxMs));
}

/** Its time is over, or it was woken too early. */
async function forgetOld(
  store: World['store'],
  record: DeliveryRecord,
  now: Millis,
): Promise<void> {
  if (nextAt(record) > now) return;
  await store.forget(record.key, record.version).catch(ifWritten);
}

/** Stores how far it got, and when it is looked at again. */
async function rest(world: Delivering, record: DeliveryRecord, now: Millis): Promise<void> {
  const { sendingUntil: _, dueAt: __, queuedFor: ___, ...rest } = record;
  const dueAt = nextAt(record);
  const queued = queuedFor(dueAt, now);
  const next = { ...rest, dueAt, ...(queued !== undefined && { queuedFor: queued }) };
  if ((await world.store.save(next).catch(ifWritten)) === undefined) return;
  await scheduleWake(world, { key: record.key, dueAt }, now);
}

function nextAt({ channels, madeAt }: DeliveryRecord): Millis {
  const states = Object.values(channels);
  const open = states.flatMap(({ state, nextAt: at = 0 }) => (state === 'open' ? [at] : []));
  if (open.length > 0) return Math.min(...open);
  const isFailed = states.some(({ state }) => state === 'failed');
  return madeAt + (isFailed ? failedKeptMs : keptMs);
}
