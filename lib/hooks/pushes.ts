import { createHash } from 'node:crypto';
import { Conflict } from '../errors.ts';
import { type Millis, minuteMs, toIso } from '../model/units.ts';
import type { DeliveryWorld } from './deliver.ts';
import { type CiEvent, type Claimed, type Push, refName, shown, valuesOf } from './event.ts';

// A run of GitHub names its ref by a name that a branch and a tag may share. Pushes tell which it is. Two
// times are remembered of them: when a commit was last pushed to a ref, and since when pushes to that ref
// count, which is later than a deletion, and for a tag, which is at one commit only, when it was last moved.
// Both are GitHub's own times and only ever grow, so that the order of deliveries makes no difference.

/** Far longer than a run can be started again, which is 30 days. */
const pushLifeMs: Millis = 90 * 24 * 60 * minuteMs;
/** How many others may write the same in the meantime. */
const attemptsMax = 10;

/** How long after a push a run may begin that it started: GitHub takes seconds, and in an outage hours. */
const startMaxMs: Millis = 24 * 60 * minuteMs;

/** Of a commit that was pushed to a ref. */
type Known = { at: Millis; isGone: boolean };

/** Remembers that a commit was pushed to a ref, or that the ref was deleted. */
export async function notePush(world: DeliveryWorld, hook: string, push: Push): Promise<void> {
  const { ref, revision, at } = push;
  // GitHub tells whole seconds: what was pushed in the second of a deletion does not count.
  const since = revision === undefined ? at + 1 : at;
  // First what this push ends: should the second write fail, nothing is proven that is not so.
  if (revision === undefined || ref.startsWith('refs/tags/')) {
    await keepLatest(world, sinceId(hook, push), { at: since, expiresAt: at + pushLifeMs });
  }
  if (revision === undefined) return;
  await keepLatest(world, pushId(hook, { ...push, revision }), { at, expiresAt: at + pushLifeMs });
}

/** The event with the branch or the tag that it was of, where pushes prove it, or why they do not. */
export async function withProof(
  world: DeliveryWorld,
  hook: string,
  event: CiEvent,
): Promise<CiEvent> {
  const { claimed } = event;
  if (claimed?.push === undefined) return event;
  const { name, push } = claimed;
  const [branch, tag] = await Promise.all([
    known(world, hook, { ...push, ref: refName('branch', name) }),
    known(world, hook, { ...push, ref: refName('tag', name) }),
  ]);
  // A run may be of what is gone: whatever was pushed keeps the other from being sure.
  if (branch && tag) return unproven(event, both(name));
  const [kind, found] = branch ? (['branch', branch] as const) : (['tag', tag] as const);
  if (found === undefined) return event;
  if (found.isGone) return unproven(event, gone(kind, name));
  if (push.startedAt !== undefined && push.startedAt - found.at > startMaxMs) {
    return unproven(event, early(`${kind} ${shown(name)}`, found.at, push.startedAt));
  }
  const { claimed: _, ...rest } = event;
  const refs = { [kind]: name };
  return { ...rest, ...refs, values: { ...event.values, ...valuesOf(refs) } };
}

function unproven(event: CiEvent, fault: Claimed['fault']): CiEvent {
  return event.claimed === undefined ? event : { ...event, claimed: { ...event.claimed, fault } };
}

function both(name: string): string {
  const is = shown(name);
  return (
    `its commit was pushed to a branch ${is} and to a tag ${is}, and it does not say of which it is: ` +
    'keep the names of branches and tags apart, and push the commit under another name'
  );
}

function gone(kind: 'branch' | 'tag', name: string): string {
  const what = kind === 'branch' ? 'deleted' : 'deleted or moved';
  return (
    `the ${kind} ${shown(name)} was ${what} after its commit had been pushed to it: ` +
    'if it is to count, push it again, then redeliver the run'
  );
}

function early(ref: string, at: Millis, startedAt: Millis): string {
  return (
    `a push started it at ${toIso(startedAt)}, and its commit was pushed to the ${ref} at ${toIso(at)}, ` +
    'too long before to be that push: redeliver that push, then the run'
  );
}

type Pushed = { repository: string; ref: string; revision: string };

async function known(
  { store }: DeliveryWorld,
  hook: string,
  pushed: Pushed,
): Promise<Known | undefined> {
  const [push, since] = await Promise.all(
    [pushId(hook, pushed), sinceId(hook, pushed)].map((id) =>
      store.documents.get({ ...place, id }),
    ),
  );
  if (push === undefined) return undefined;
  const { at = 0 } = push.body;
  return { at, isGone: at < (since?.body.at ?? 0) };
}

/** Writes a time unless a later one is there. */
async function keepLatest(
  { store, clock, processId }: DeliveryWorld,
  id: string,
  { at, expiresAt }: { at: Millis; expiresAt: Millis },
): Promise<void> {
  if (expiresAt <= clock.now()) return;
  for (let attempt = 1; ; attempt += 1) {
    const kept = await store.documents.get({ ...place, id });
    if (kept !== undefined && (kept.body.at ?? 0) >= at) return;
    const body = { by: processId, isDone: true, at };
    const document = { ...place, id, version: kept?.version ?? 0, body, expiresAt };
    try {
      await store.documents.put(document);
      return;
    } catch (error) {
      if (!(error instanceof Conflict) || attempt === attemptsMax) throw error;
    }
  }
}

const place = { kind: 'idempotency', of: 'hook' } as const;

function pushId(hook: string, { repository, revision, ref }: Pushed): string {
  return `${hook}.push.${digestOf(`${repository} ${revision} ${ref}`)}`;
}

function sinceId(hook: string, { repository, ref }: Omit<Pushed, 'revision'>): string {
  return `${hook}.since.${digestOf(`${repository} ${ref}`)}`;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
