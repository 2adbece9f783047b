import { pathOf } from '../api/call.ts';
import { mayPass, refusalText } from '../commands/refusal.ts';
import { type SubmitDeps, type Submitted, submit } from '../commands/submit.ts';
import { Conflict } from '../errors.ts';
import type { Document } from '../model/documents.ts';
import type { Actor } from '../model/intent.ts';
import { keyText } from '../model/key.ts';
import { type Millis, minuteMs, toIso } from '../model/units.ts';
import type { World } from '../world.ts';
import type { CiEvent } from './event.ts';
import { type HookPlan, isTooOld, type Line, type Planned, planOf } from './plan.ts';
import type { HookSettings } from './settings.ts';

// A delivery is done once. Whoever carries it out has a short lease on it. What it is to do stands in its
// idempotency record before the first command is stored, so that whoever takes over does the same. Once done,
// its answer stands there.

/** Longer than a function runs. */
const leaseMs: Millis = minuteMs;
const idempotencyLifeMs: Millis = 90 * 24 * 60 * minuteMs;

export type DeliveryWorld = Pick<World, 'clock' | 'store' | 'log' | 'processId'>;
type Task = HookPlan & { actor: Actor };

type Found =
  | { is: 'new' }
  | { is: 'done'; lines: Line[] }
  /** Somebody is at it. */
  | { is: 'held' }
  /** Somebody was at it and did not come to an end. */
  | { is: 'left'; task: Task; at: Millis; document: Document<'idempotency'> };

export type DeliverDeps = SubmitDeps & { world: DeliveryWorld };

export type Delivered =
  | { lines: Line[]; repeated?: true }
  /** Not all could be done: the sender is to deliver it again. */
  | { later: string; lines?: Line[]; afterSeconds: number };

/** Does what the rules make of a delivery, once, and tells what that was. Rejects if the table fails. */
export async function deliver(
  deps: DeliverDeps,
  hook: HookSettings,
  { event, digest }: { event: CiEvent; digest: string },
): Promise<Delivered> {
  const id = `${hook.id}.${digest}`;
  const found = await findRecord(deps.world, id);
  if (found.is === 'held') return held;
  if (found.is === 'done') return { lines: found.lines, repeated: true };
  const now = deps.world.clock.now();
  const left = found.is === 'left' ? found : undefined;
  const task = left?.task ?? {
    ...planOf(hook, event, now),
    actor: { name: event.actor, proof: 'verified' },
  };
  // Nothing to do is nothing to remember: a rule may be put right, and the delivery sent again.
  if (task.commands.length === 0) return { lines: task.lines };
  try {
    const record = await beginRecord(deps.world, { id, task, left: left?.document });
    // The rollout may not remember so old a command any more: nothing is done twice.
    const isOver =
      left !== undefined && (isTooOld(left, now) ?? isTooOld(event, now)) !== undefined;
    const lines = isOver ? unknownEnd(task, left.at) : await carryOut(deps, id, task);
    if (!lines.some(({ result }) => result === 'later')) {
      await completeRecord(deps.world, record, lines);
      return { lines };
    }
    await releaseRecord(deps.world, record);
    const later = 'Not all of it could be done now. What was done will not be done again.';
    return { later, lines, afterSeconds: 2 };
  } catch (error) {
    if (error instanceof Conflict) return held;
    throw error;
  }
}

const held: Delivered = {
  later: 'The same delivery is being carried out at the moment. Its answer will be there soon.',
  afterSeconds: 5,
};

/** Rollouts side by side, since senders do not wait long; the commands of one in the rules' order. */
async function carryOut(deps: DeliverDeps, id: string, task: Task): Promise<Line[]> {
  const byRollout = Map.groupBy(task.commands, ({ key }) => keyText(key));
  const done = await Promise.all(
    [...byRollout.values()].map(async (commands) => {
      const lines: Line[] = [];
      for (const planned of commands) {
        const idempotencyKey = `hook ${id} ${planned.rule}`;
        const { key, command, reason, expect } = planned;
        const asked = { key, command, reason, ...(expect && { expect }), actor: task.actor };
        lines.push(lineOf(planned, await submit(deps, { ...asked, idempotencyKey })));
      }
      return lines;
    }),
  );
  return [...task.lines, ...done.flat()].sort((a, b) => a.rule - b.rule);
}

function lineOf({ rule, key, command }: Planned, submitted: Submitted): Line {
  const what = `${command.verb} of ${keyText(key)}`;
  if ('refused' in submitted) {
    const result = mayPass(submitted.refused) ? 'later' : 'refused';
    return { rule, result, says: `${what}: ${refusalText(submitted.refused)}` };
  }
  const { id, outcome } = submitted.accepted.intent;
  const line = { rule, command: `${pathOf(key)}/commands/${id}` };
  if (outcome === undefined) {
    return { ...line, result: 'stored', says: `${what}: it is stored, and will be carried out.` };
  }
  const result = outcome.result === 'done' ? 'done' : 'refused';
  return { ...line, result, says: `${what}: ${outcome.detail}` };
}

function unknownEnd(task: Task, at: number): Line[] {
  const says =
    `It was begun at ${toIso(at)}, and what came of it is not known any more. ` +
    'Nothing was done again: look at the rollout and its history.';
  const begun = task.commands.map(({ rule }): Line => ({ rule, result: 'refused', says }));
  return [...task.lines, ...begun].sort((a, b) => a.rule - b.rule);
}

/** What is known of a delivery. */
async function findRecord({ store, clock }: DeliveryWorld, id: string): Promise<Found> {
  const document = await store.documents.get({ ...place, id });
  if (document === undefined) return { is: 'new' };
  const { isDone, until = 0, plan = '', answer = '[]', at = 0 } = document.body;
  if (isDone) return { is: 'done', lines: JSON.parse(answer) };
  if (until > clock.now()) return { is: 'held' };
  return { is: 'left', task: JSON.parse(plan), at, document };
}

const place = { kind: 'idempotency', of: 'hook' } as const;

/** Takes the lease; rejects with Conflict if somebody else was faster. */
function beginRecord(
  { store, clock, processId }: DeliveryWorld,
  { id, task, left }: { id: string; task: Task; left?: Document<'idempotency'> | undefined },
): Promise<Document<'idempotency'>> {
  const now = clock.now();
  return store.documents.put({
    ...place,
    id,
    version: left?.version ?? 0,
    body: {
      by: processId,
      isDone: false,
      at: left?.body.at ?? now,
      until: now + leaseMs,
      plan: JSON.stringify(task),
    },
    expiresAt: now + idempotencyLifeMs,
  });
}

/** Keeps the answer. Should that fail, a repetition finds the commands by their Idempotency-Keys. */
function completeRecord(
  world: DeliveryWorld,
  record: Document<'idempotency'>,
  lines: Line[],
): Promise<void> {
  const { plan: _, until: __, ...body } = record.body;
  const done = { ...body, isDone: true, answer: JSON.stringify(lines) };
  return attempt(world, { ...record, body: done });
}

/** Lets the next delivery go on at once. */
function releaseRecord(world: DeliveryWorld, record: Document<'idempotency'>): Promise<void> {
  return attempt(world, { ...record, body: { ...record.body, until: 0 } });
}

async function attempt(
  { store, log }: DeliveryWorld,
  record: Document<'idempotency'>,
): Promise<void> {
  try {
    await store.documents.put(record);
  } catch (error) {
    log('warn', 'the idempotency record of a delivery could not be written', {
      record: record.id,
      error,
    });
  }
}
