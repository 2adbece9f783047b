import { createHash } from 'node:crypto';
import { Conflict } from '../errors.ts';
import { type Millis, minuteMs } from '../model/units.ts';
import type { ClaimWorld } from './claim.ts';
import { type CiEvent, type Push, refName, valuesOf } from './event.ts';

// A run of GitHub names its ref by a name that a branch and a tag may share. Pushes tell which it is: what
// was pushed to a ref is remembered, each commit by itself.

/** As long as a run can be asked for again. */
const pushLifeMs: Millis = 90 * 24 * 60 * minuteMs;

/** Remembers that a commit was pushed to a ref. */
export async function notePush(
  { store, clock, processId }: ClaimWorld,
  hook: string,
  push: Push,
): Promise<void> {
  const at = clock.now();
  const body = { by: processId, isDone: true, at };
  const document = { ...placeOf(hook, push), version: 0, body, expiresAt: at + pushLifeMs };
  await store.documents.put(document).catch((error: unknown) => {
    // It is known already.
    if (!(error instanceof Conflict)) throw error;
  });
}

/** The event with the branch or the tag that it was of, where a push proves it; with both, where both do. */
export async function withProof(
  { store }: ClaimWorld,
  hook: string,
  event: CiEvent,
): Promise<CiEvent> {
  const { claimed } = event;
  if (claimed?.push === undefined) return event;
  const { name, push } = claimed;
  const [isBranch, isTag] = await Promise.all(
    (['branch', 'tag'] as const).map(async (kind) => {
      const place = placeOf(hook, { ...push, ref: refName(kind, name) });
      return (await store.documents.get(place)) !== undefined;
    }),
  );
  if (!isBranch && !isTag) return event;
  const { claimed: _, ...rest } = event;
  const refs = { ...(isBranch && { branch: name }), ...(isTag && { tag: name }) };
  return { ...rest, ...refs, values: { ...event.values, ...valuesOf(refs) } };
}

function placeOf(hook: string, { repository, ref, revision }: Push) {
  const digest = createHash('sha256').update(`${repository} ${revision} ${ref}`).digest('hex');
  return { kind: 'claim', of: 'hook', id: `${hook}.push.${digest}` } as const;
}
