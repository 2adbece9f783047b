import { deliveries } from './apply/outbox.ts';
import { countPatch } from './decide/guards/conflictingController.ts';
import { Conflict, MissingRight, Transient } from './errors.ts';
import type { Key, RolloutKey } from './model/key.ts';
import type { Kind } from './model/kinds.ts';
import { turnMetric } from './model/metrics.ts';
import type { Envelope } from './model/record.ts';
import { type Millis, secondMs } from './model/units.ts';
import type { RolloutView } from './model/view.ts';
import { observe } from './observe/observe.ts';
import { scheduleWake } from './queue/queue.ts';
import { hasTimeFor, turnMs } from './queue/timeLeft.ts';
import { carryOut } from './reconcile/carryOut.ts';
import { controllerOf } from './reconcile/controllers.ts';
import { countRelease } from './reconcile/countRelease.ts';
import { forget } from './reconcile/forget.ts';
import { handOver, isHeldByOther, keepsLease, leaveToHolder } from './reconcile/lease.ts';
import { record } from './reconcile/record.ts';
import { afterRefusal } from './reconcile/refusal.ts';
import { type Again, type Reconciled, type Run, type Seen, settled } from './reconcile/run.ts';
import { noteUnseen } from './reconcile/unseen.ts';
import { wakeOthers } from './reconcile/wakeOthers.ts';
import { load, tableErrorOf, withoutTable } from './reconcile/withoutTable.ts';
import { blankRecord } from './record/blank.ts';
import { withTried } from './record/intents.ts';
import type { World } from './world.ts';

/** After so many turns in a row the rest is left to another wake. */
const turnsMax = 12;

/**
 * Brings one object as far as it can get now; what that is, the controller of its kind says. Whatever woke
 * it, the same turn is taken: observe, decide, record, apply; and another one, until nothing is left to do.
 * The record comes before the writes, with a due time at most a minute away, so that a process that ends
 * anywhere leaves nothing behind that nobody comes back to.
 */
export async function reconcile(world: World, key: RolloutKey): Promise<Reconciled<RolloutView>>;
export async function reconcile(world: World, key: Key): Promise<Reconciled>;
export async function reconcile(world: World, key: Key): Promise<Reconciled> {
  const controller = controllerOf(key);
  const run: Run = { world, key, controller, outbox: deliveries(world, key) };
  try {
    return await takeTurns(run);
  } finally {
    await run.outbox.announced();
  }
}

async function takeTurns(run: Run): Promise<Reconciled> {
  let before: Again = { again: 'begun' };
  for (let turn = 1; ; turn += 1) {
    if (turn > 1 && !hasTimeFor(run.world, turnMs)) return await handOver(run);
    const ended = await tryTurn(run, before, turn >= turnsMax);
    if ('result' in ended) return ended;
    before = ended;
  }
}

/** A turn that meets with somebody else's write has to be taken again, from what there is now. */
async function tryTurn(run: Run, before: Again, isLast: boolean): Promise<Reconciled | Again> {
  const { clock, count } = run.world;
  const startedAt = clock.now();
  try {
    return await takeTurn(run, before, isLast);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    if (isLast) throw new Transient('Others keep writing to it', { cause: error });
    // A refusal that was to be said is still to be said.
    return before.again === 'refused' ? before : { again: 'overtaken' };
  } finally {
    const { namespace, name } = run.key;
    const seconds = (clock.now() - startedAt) / secondMs;
    count(turnMetric(run.key, 'reconcile'), seconds, { namespace, name });
  }
}

async function takeTurn(run: Run, last: Again, isLast: boolean): Promise<Reconciled | Again> {
  const { world, key, controller } = run;
  const now = world.clock.now();
  const { record: known, error } = await load(world, key);
  if (isHeldByOther(known, world, now)) return await leaveToHolder(world, known);
  const before = recordBefore(run, known, last);
  const found = await observeOrNote(run, error ? undefined : before, now);
  if (!found) return await forget(run, known);

  const { object, observed } = found;
  const plan = controller.decide(observed, now);
  for (const bug of plan.bugs ?? []) world.log('error', 'a bug was met', { ...key, ...bug });
  const seen: Seen = {
    ...{ key, object, observed, plan, now, view: controller.view(observed, plan, now) },
    ...(keepsLease(plan, isLast) && { by: world.processId }),
  };
  const tableError = error ?? (await tableErrorOf(record(run, { before, known, seen })));
  // Without the table only what brooks no delay goes ahead; the wake is tried again for the rest.
  if (tableError && !plan.urgent) throw withoutTable(tableError);
  const anyError = run.tableError ?? tableError;
  if (plan.writes.length === 0) {
    if (anyError) throw withoutTable(anyError);
    return settled(run, seen);
  }

  const outcome = await carryOut(run, before, seen);
  if (outcome.did === 'nothing') return await waitForEffect(run, seen);
  if (outcome.did === 'refuse') return await afterRefusal(run, { ...outcome, seen, last });
  Object.assign(run, { tableError: anyError, seen });
  countRelease(world, seen);
  await wakeOthers(run, seen);
  if (!isLast) return { again: 'written', ...(outcome.patch && { patch: outcome.patch }) };
  await world.wakes.send({ key }, secondMs);
  return settled(run, seen);
}

/** The record with what the turn before has taught. */
function recordBefore(run: Run, known: Envelope | undefined, last: Again): Envelope {
  const tried = withTried(known ?? blankRecord(run.key), run.tried);
  const { lastPatch, refused, remedy, ...rest } = tried;
  const isDone = last.again === 'written';
  const counted = countPatch(lastPatch, isDone ? last.patch : undefined);
  return {
    ...rest,
    ...(counted && { lastPatch: counted }),
    ...(refused !== undefined && !isDone && { refused, ...(remedy && { remedy }) }),
  };
}

/** Undefined when the object is gone. `before` is undefined while the table cannot be read. */
async function observeOrNote(
  { world, key, controller }: Run,
  before: Envelope | undefined,
  now: Millis,
): ReturnType<typeof observe<Kind, unknown, object>> {
  try {
    return await observe(world, key, controller, { record: before, now });
  } catch (error) {
    if (before && error instanceof MissingRight) await noteUnseen(world, before, error, now);
    throw error;
  }
}

/** Nothing that was to be done could be done now. */
async function waitForEffect(run: Run, seen: Seen): Promise<Reconciled> {
  const { world, key } = run;
  const { plan, now } = seen;
  const dueAt = 'at' in plan.wake ? plan.wake.at : now + secondMs;
  await scheduleWake(world, { key, dueAt }, now);
  return settled(run, seen);
}
