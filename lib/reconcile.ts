import { deliveries } from './apply/outbox.ts';
import { countPatch } from './decide/guards/conflictingController.ts';
import { decide } from './decide/rollout/decide.ts';
import { Conflict, MissingRight, Transient } from './errors.ts';
import type { RolloutKey } from './model/key.ts';
import type { Observed } from './model/observed.ts';
import type { RolloutRecord } from './model/record.ts';
import { type Millis, secondMs } from './model/units.ts';
import { observe } from './observe/observe.ts';
import { scheduleWake } from './queue/queue.ts';
import { hasTimeFor, turnMs } from './queue/timeLeft.ts';
import { carryOut } from './reconcile/carryOut.ts';
import { forget } from './reconcile/forget.ts';
import { handOver, isHeldByOther, keepsLease, leaveToHolder } from './reconcile/lease.ts';
import { record } from './reconcile/record.ts';
import { afterRefusal } from './reconcile/refusal.ts';
import { type Again, type Reconciled, type Run, type Seen, settled } from './reconcile/run.ts';
import { load, tableErrorOf, withoutTable } from './reconcile/withoutTable.ts';
import { blankRecord } from './record/blank.ts';
import { withTried } from './record/nextRecord.ts';
import { noteUnseen } from './record/unseen.ts';
import { view } from './view/view.ts';
import type { World } from './world.ts';

/** After so many turns in a row the rest is left to another wake. */
const turnsMax = 12;

/**
 * Brings one rollout as far as it can get now. Whatever woke it, the same turn is taken: observe,
 * decide, record, apply; and another one, until nothing is left to do. The record comes before the
 * writes, with a due time at most a minute away, so that a process that ends anywhere leaves
 * nothing behind that nobody comes back to.
 */
export async function reconcile(world: World, key: RolloutKey): Promise<Reconciled> {
  const run: Run = { world, key, outbox: deliveries(world, key) };
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
    count('rollout_reconcile', (clock.now() - startedAt) / secondMs);
  }
}

async function takeTurn(run: Run, last: Again, isLast: boolean): Promise<Reconciled | Again> {
  const { world, key } = run;
  const now = world.clock.now();
  const { record: known, error } = await load(world, key);
  if (isHeldByOther(known, world, now)) return await leaveToHolder(world, known);
  const before = recordBefore(run, known, last);
  const observed = await observeOrNote(run, error ? undefined : before, now);
  if (!observed) return await forget(run, known);

  const plan = decide(observed, now);
  const seen: Seen = {
    ...{ observed, plan, now, view: view({ observed, ...plan, now }) },
    ...(keepsLease(plan, isLast) && { by: world.processId }),
  };
  const tableError = error ?? (await tableErrorOf(record(run, { before, known, seen })));
  // Without the table only what brooks no delay goes ahead; the wake is tried again for the rest.
  if (tableError && !plan.urgent) throw withoutTable(tableError);
  const anyError = run.tableError ?? tableError;
  if (plan.writes.length === 0) {
    if (anyError) throw withoutTable(anyError);
    return settled(seen);
  }

  const outcome = await carryOut(run, seen);
  if (outcome.did === 'nothing') return await waitForEffect(run, seen);
  if (outcome.did === 'refuse') return await afterRefusal(run, { ...outcome, seen, last });
  Object.assign(run, { tableError: anyError, seen });
  if (!isLast) return { again: 'written', ...(outcome.patch && { patch: outcome.patch }) };
  await world.wakes.send({ key }, secondMs);
  return settled(seen);
}

/** The record with what the turn before has taught. */
function recordBefore(run: Run, known: RolloutRecord | undefined, last: Again): RolloutRecord {
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

/** Undefined when the rollout is gone. `before` is undefined while the table cannot be read. */
async function observeOrNote(
  { world, key }: Run,
  before: RolloutRecord | undefined,
  now: Millis,
): Promise<Observed | undefined> {
  try {
    return await observe(world, key, before, { now });
  } catch (error) {
    if (before && error instanceof MissingRight) await noteUnseen(world, before, error, now);
    throw error;
  }
}

/** Nothing that was to be done could be done now. */
async function waitForEffect({ world, key }: Run, seen: Seen): Promise<Reconciled> {
  const { plan, now } = seen;
  const dueAt = 'at' in plan.wake ? plan.wake.at : now + secondMs;
  await scheduleWake(world, { key, dueAt }, now);
  return settled(seen);
}
