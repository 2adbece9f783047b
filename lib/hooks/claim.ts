import type { Document } from '../model/documents.ts';
import type { Actor } from '../model/intent.ts';
import { type Millis, minuteMs } from '../model/units.ts';
import type { World } from '../world.ts';
import type { HookPlan, Line } from './plan.ts';

// A delivery is done once. Whoever carries it out has a short lease on it; what it is to do stands in the
// claim before the first command is stored, so that whoever takes over does the same; once done, its answer
// stands there.

/** Longer than a function runs. */
const leaseMs: Millis = minuteMs;
const claimLifeMs: Millis = 90 * 24 * 60 * minuteMs;

export type ClaimWorld = Pick<World, 'clock' | 'store' | 'log' | 'processId'>;
export type Task = HookPlan & { actor: Actor };

export type Found =
  | { is: 'new' }
  | { is: 'done'; lines: Line[] }
  /** Somebody is at it. */
  | { is: 'held' }
  /** Somebody was at it and did not come to an end. */
  | { is: 'left'; task: Task; at: Millis; document: Document<'claim'> };

/** What is known of a delivery. */
export async function findClaim({ store, clock }: ClaimWorld, id: string): Promise<Found> {
  const document = await store.documents.get({ ...place, id });
  if (document === undefined) return { is: 'new' };
  const { isDone, until = 0, plan = '', answer = '[]', at = 0 } = document.body;
  if (isDone) return { is: 'done', lines: JSON.parse(answer) };
  if (until > clock.now()) return { is: 'held' };
  return { is: 'left', task: JSON.parse(plan), at, document };
}

const place = { kind: 'claim', of: 'hook' } as const;

/** Takes the lease; rejects with Conflict if somebody else was faster. */
export function takeClaim(
  { store, clock, processId }: ClaimWorld,
  { id, task, left }: { id: string; task: Task; left?: Document<'claim'> | undefined },
): Promise<Document<'claim'>> {
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
    expiresAt: now + claimLifeMs,
  });
}

/** Keeps the answer. Should that fail, a repetition finds the commands by their Idempotency-Keys. */
export function closeClaim(
  world: ClaimWorld,
  claim: Document<'claim'>,
  lines: Line[],
): Promise<void> {
  const { plan: _, until: __, ...body } = claim.body;
  const done = { ...body, isDone: true, answer: JSON.stringify(lines) };
  return attempt(world, { ...claim, body: done });
}

/** Lets the next delivery go on at once. */
export function leaveClaim(world: ClaimWorld, claim: Document<'claim'>): Promise<void> {
  return attempt(world, { ...claim, body: { ...claim.body, until: 0 } });
}

async function attempt({ store, log }: ClaimWorld, claim: Document<'claim'>): Promise<void> {
  try {
    await store.documents.put(claim);
  } catch (error) {
    log('warn', 'the claim of a delivery could not be written', { claim: claim.id, error });
  }
}
