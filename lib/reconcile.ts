import { apply } from './apply/apply.ts';
import { type Deliveries, deliveries } from './apply/outbox.ts';
import { countPatch, patchDigest } from './decide/guards/conflictingController.ts';
import { cleanup, cleanupNeeds } from './decide/rollout/cleanup.ts';
import { decide } from './decide/rollout/decide.ts';
import {
  Conflict,
  ifOutdated,
  ifWritten,
  MissingRight,
  NotFound,
  remedyOf,
  Terminal,
  Transient,
  Unreachable,
} from './errors.ts';
import type { RolloutKey } from './model/key.ts';
import type { Observed } from './model/observed.ts';
import { isStatusWrite, type Plan } from './model/plan.ts';
import type { RolloutRecord } from './model/record.ts';
import { type Millis, secondMs } from './model/units.ts';
import type { RolloutView } from './model/view.ts';
import { observe, readAll } from './observe/observe.ts';
import { noteAnswer } from './queue/outage.ts';
import { refusedRetryMs, scheduleWake, waitMs, waitOut, withTimer } from './queue/queue.ts';
import { recheckStale } from './queue/recheckStale.ts';
import { hasTimeFor, turnMs } from './queue/timeLeft.ts';
import { closeCommand, noteUnwritten, noteWrite, type Refused } from './reconcile/refusal.ts';
import { resync } from './reconcile/resync.ts';
import { withAttribution } from './record/attribution.ts';
import { blankRecord } from './record/blank.ts';
import { expireCommands } from './record/expire.ts';
import { withManagers } from './record/managers.ts';
import {
  isSameRecord,
  lastMessages,
  nextRecord,
  type Tried,
  withTried,
} from './record/nextRecord.ts';
import { cameAbout, eventsOf, withMessages } from './record/outbox.ts';
import { noteUnseen, partView } from './record/unseen.ts';
import { view } from './view/view.ts';
import type { FunctionAnswer, InvokeAnswer, InvokeRequest, QueueMessage, World } from './world.ts';

/** After so many turns in a row the rest is left to another wake. */
const turnsMax = 12;

export type Reconciled =
  /** At rest, or handed over to a later wake. */
  | { result: 'settled'; view: RolloutView; observed: Observed }
  /** Another process is at it; it has been told to look once more. */
  | { result: 'busy'; view?: RolloutView }
  | { result: 'gone' };

/** What a turn leaves for the next one in the same run. `isDone`: all its writes were taken. */
type Carry = {
  applied?: string;
  tableError?: Error;
  isDone?: boolean;
  wasRefused?: boolean;
  /** The last that was seen. */
  seen?: Seen;
};

/**
 * Brings one rollout as far as it can get now. Whatever woke it, the same turn is taken: observe,
 * decide, record, apply; and another one, until nothing is left to do. The record comes before the
 * writes, with a due time at most a minute away, so that a process that ends anywhere leaves
 * nothing behind that nobody comes back to.
 */
export async function reconcile(world: World, key: RolloutKey): Promise<Reconciled> {
  const run: Run = { outbox: deliveries(world, key) };
  try {
    return await takeTurns(world, key, run);
  } finally {
    await run.outbox.announced();
  }
}

type Run = {
  outbox: Deliveries;
  /** The last command whose write was answered. */
  tried?: Tried;
};

async function takeTurns(world: World, key: RolloutKey, run: Run): Promise<Reconciled> {
  let carry: Carry = {};
  for (let turn = 1; ; turn += 1) {
    if (turn > 1 && !hasTimeFor(world, turnMs)) return await handOver(world, key, carry);
    const startedAt = world.clock.now();
    try {
      const ended = await takeTurn(world, key, carry, { run, isLast: turn >= turnsMax });
      if ('result' in ended) return ended;
      carry = ended;
    } catch (error) {
      // Somebody else wrote: what was observed is not so any more, and a new look is due at once.
      if (!(error instanceof Conflict)) throw error;
      if (turn >= turnsMax) throw new Transient('Others keep writing to it', { cause: error });
      carry = keepError(carry);
    } finally {
      world.count('rollout_reconcile', (world.clock.now() - startedAt) / secondMs);
    }
  }
}

function keepError({ tableError, wasRefused, seen }: Carry): Carry {
  return {
    ...(tableError && { tableError }),
    ...(wasRefused && { wasRefused }),
    ...(seen && { seen }),
  };
}

/** The time is nearly up: the rest is for another process, at once, and so nothing stays claimed. */
async function handOver(world: World, key: RolloutKey, { seen }: Carry): Promise<Reconciled> {
  const { record } = await load(world, key);
  if (record?.claim?.by === world.processId) {
    const { claim: _, ...unclaimed } = record;
    await world.store.save(unclaimed).catch(ifWritten);
  }
  await world.wakes.send({ key }, 0);
  return seen ? settled(seen) : { result: 'busy' };
}

async function takeTurn(
  world: World,
  key: RolloutKey,
  carry: Carry,
  { run, isLast }: { run: Run; isLast: boolean },
): Promise<Reconciled | Carry> {
  const now = world.clock.now();
  const table = await load(world, key);
  const known = table.record;
  if (known?.claim && known.claim.by !== world.processId && known.claim.until > now) {
    return leaveToHolder(world, known, known.claim);
  }
  const lastPatch = countPatch(known?.lastPatch, carry.applied);
  const {
    lastPatch: _,
    refused,
    remedy,
    ...rest
  } = withTried(known ?? blankRecord(key), run.tried);
  const before: RolloutRecord = {
    ...rest,
    ...(lastPatch && { lastPatch }),
    ...(refused !== undefined && !carry.isDone && { refused, ...(remedy && { remedy }) }),
  };
  const recorded = table.error ? undefined : before;
  const observed = await observe(world, key, recorded, { now }).catch(async (error: unknown) => {
    if (recorded && error instanceof MissingRight) await noteUnseen(world, before, error, now);
    throw error;
  });
  if (!observed) return forget(world, run, known);
  const plan = decide(observed, now);
  const seen: Seen = { observed, plan, view: view({ observed, ...plan, now }), now };
  // A turn that may end the run leaves no claim: whoever takes the next one must not find it claimed.
  const mayEnd = isLast || plan.writes.every((write) => write.do === 'evict');
  if (!mayEnd) seen.by = world.processId;

  const tableError = table.error ?? (await record(world, run, { before, known, seen }));
  // Without the table only what brooks no delay goes ahead; the wake is tried again for the rest.
  if (tableError && !plan.urgent) throw withoutTable(tableError);
  if (plan.writes.length === 0) {
    const error = carry.tableError ?? tableError;
    if (error) throw withoutTable(error);
    return settled(seen);
  }
  const applied = await carryOut(world, run, seen);
  if (applied === false) {
    const dueAt = 'at' in plan.wake ? plan.wake.at : now + secondMs;
    await scheduleWake(world, { key, dueAt }, now);
    return settled(seen);
  }
  if (typeof applied === 'object') {
    const isNews = await noteWrite(world, key, applied);
    if (isNews && !carry.wasRefused) return { wasRefused: true };
    await world.wakes.send({ key }, refusedRetryMs);
    return settled(seen);
  }
  const error = carry.tableError ?? tableError;
  if (isLast) {
    await world.wakes.send({ key }, secondMs);
    return settled(seen);
  }
  return {
    ...{ isDone: true, seen },
    ...(applied !== undefined && { applied }),
    ...(error && { tableError: error }),
  };
}

function settled({ view: shown, observed }: Seen): Reconciled {
  return { result: 'settled', view: shown, observed };
}

/** However final the table's error is, the wake must not be lost with it. */
function withoutTable(error: Error): Error {
  return new Transient(`The table cannot be used: ${error.message}`, { cause: error });
}

async function load(
  world: World,
  key: RolloutKey,
): Promise<{ record?: RolloutRecord; error?: Error }> {
  try {
    const record = await world.store.load(key);
    return record ? { record } : {};
  } catch (error) {
    if (error instanceof Transient || error instanceof Terminal) return { error };
    throw error;
  }
}

/**
 * The holder's next save fails on this one, and so it looks again before it ends. Should it never get
 * there, a wake comes when its claim is over.
 */
async function leaveToHolder(
  world: World,
  record: RolloutRecord,
  claim: NonNullable<RolloutRecord['claim']>,
): Promise<Reconciled> {
  await world.store.save({ ...record, claim: { ...claim, again: true } });
  if (!claim.again) await world.wakes.send({ key: record.key }, claim.until - world.clock.now());
  return { result: 'busy', ...(record.view && { view: record.view }) };
}

/** What is still to be told of it is told first: the ledger outlives the rollout. */
async function forget(
  world: World,
  { outbox }: Run,
  record: RolloutRecord | undefined,
): Promise<Reconciled> {
  if (record === undefined) return { result: 'gone' };
  const { key } = record;
  const answers = await readAll(world, key, (known) => cleanupNeeds(record, known));
  const done = await apply(world, key, cleanup(record, answers)).catch(ifOutdated);
  const later = done.unrouted.find(({ passing }) => passing);
  if (later) throw new Transient(later.why);
  const left = lastMessages(record, world.clock.now());
  await outbox.takeOver(left, ({ turn }) => turn === undefined);
  await outbox.announced();
  await world.store.forget(record.key, record.version);
  return { result: 'gone' };
}

type Seen = { observed: Observed; plan: Plan; view: RolloutView; now: Millis; by?: string };

/**
 * The record with what it gives rise to tell, in one write; then the entries to the ledger. What an
 * earlier process did not get told is told now. Answers a table error.
 */
async function record(
  world: World,
  { outbox }: Run,
  { before, known, seen }: { before: RolloutRecord; known?: RolloutRecord | undefined; seen: Seen },
): Promise<Error | undefined> {
  const acts = seen.plan.writes.length > 0;
  try {
    const next = await withAttribution(world, nextRecord(before, seen), before);
    await outbox.takeOver(before.outbox, (event) => cameAbout(seen, event));
    const stored = before.outbox ?? [];
    const atOnce = acts ? [] : eventsOf(seen);
    outbox.announce(atOnce);
    // What is told by now need not be stored; and what is not stored would be decided again.
    if (!acts) await outbox.announced();
    const named = withManagers(next.record, before, seen.observed);
    const kept = withMessages(outbox.left([...stored, ...atOnce]), named);
    const timed = acts ? { record: kept } : withTimer(kept, seen.now);
    if (known !== undefined && isSameRecord(known, timed.record)) return undefined;
    await world.store.save(timed.record);
    noteRival(world, seen);
    await outbox.append(named.outbox);
    await next.useUp();
    // After the save: one that fails is done again, and must not leave a message each time.
    if ('send' in timed && timed.send !== undefined) {
      await scheduleWake(world, { key: before.key, dueAt: timed.send }, seen.now);
    }
    return undefined;
  } catch (error) {
    if (error instanceof Transient || error instanceof Terminal) return error;
    throw error;
  }
}

/** Said once, when it is met for the first time, and not each time that it is met again. */
function noteRival({ log }: World, { plan: { rival }, observed: { key }, now }: Seen): void {
  if (rival?.seenAt !== now || rival.times > 1) return;
  const { manager } = rival;
  log('warn', 'another controller is at work, so Serin keeps away', { ...key, manager });
}

/**
 * Applies and announces. Answers the digest of the status patch that was written, false when nothing
 * had an effect, and what the API server says of a write that it refuses for good.
 */
async function carryOut(
  world: World,
  run: Run,
  seen: Seen,
): Promise<string | false | undefined | Refused> {
  const { plan } = seen;
  const { key } = seen.observed;
  const command = plan.intents.find(({ step }) => step === 'apply');
  try {
    const done = await apply(world, key, plan.writes);
    const isNoted = await noteUnwritten(world, run.outbox, { ...seen, ...done });
    if (done.isIdle && !isNoted) return false;
    if (command) run.tried = { id: command.id, isTaken: true };
  } catch (error) {
    const isOutdated = error instanceof Conflict || error instanceof NotFound;
    if (isOutdated && command && isFirstTry(seen, command.id)) {
      run.tried = { id: command.id, isTaken: false };
    }
    if (!(error instanceof Terminal)) return ifOutdated(error);
    if (command) return closeCommand(world, key, command.id, error);
    world.log('error', 'the API server refused a write', { ...key, error: error.message });
    world.count('rollout_write_refusals_total');
    return { refused: error.message, ...remedyOf(error) };
  }
  run.outbox.announce(eventsOf(seen));
  const patch = plan.writes.find(isStatusWrite)?.patch;
  return patch && patchDigest(patch);
}

/** After an earlier try nobody knows of, a conflict may be with that one. */
function isFirstTry({ observed }: Seen, id: string): boolean {
  return observed.record?.intents.find((each) => each.id === id)?.applying === undefined;
}

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
  const ended = await reach(world, message.key);
  const observed = ended.result === 'settled' ? ended.observed : undefined;
  await recheckStale(world, message, ended.result === 'busy' ? 'not looked' : observed);
}

/** Answers a direct invocation, which waits for a command's effect or wants a fresh look. */
export async function answer(world: World, request: InvokeRequest): Promise<FunctionAnswer> {
  try {
    return await answerFound(world, request);
  } catch (error) {
    if (error instanceof NotFound) return { missing: error.message };
    throw error;
  }
}

async function answerFound(world: World, request: InvokeRequest): Promise<InvokeAnswer> {
  const { key } = request;
  if (request.look) return { view: await look(world, key) };
  const done = await reach(world, key);
  if (done.result === 'gone') throw noRollout(key);
  return { view: done.view ?? (await look(world, key)) };
}

/** Reconciles, and takes note of whether the cluster answers: it may be that nobody has heard it for long. */
async function reach(world: World, key: RolloutKey): Promise<Reconciled> {
  try {
    const ended = await reconcile(world, key);
    if (ended.result !== 'busy') await noteAnswer(world, key.cluster);
    return ended;
  } catch (error) {
    if (error instanceof Unreachable) await expireCommands(world, key);
    throw error;
  }
}

function noRollout({ cluster, namespace, name }: RolloutKey): NotFound {
  return new NotFound(`There is no rollout ${name} in namespace ${namespace} of ${cluster}.`);
}

/** Observes, pods included, and writes nothing: the freshest view there is. */
export async function look(world: World, key: RolloutKey): Promise<RolloutView> {
  const now = world.clock.now();
  const { record } = await load(world, key);
  let observed: Observed | undefined;
  try {
    observed = await observe(world, key, record, { now, pods: true });
  } catch (error) {
    if (!(error instanceof MissingRight)) throw error;
    return await partView(world, key, error, now);
  }
  if (!observed) throw noRollout(key);
  return view({ observed, ...decide(observed, now), status: observed.rollout.status ?? {}, now });
}
