import type { Document, Notice } from '../model/documents.ts';
import { keyText } from '../model/key.ts';
import type { Message } from '../model/outbox.ts';
import type { Accounted, Envelope, LedgerEntry, LedgerKind } from '../model/record.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { World } from '../world.ts';
import { isOpen } from './managers.ts';
import { entriesIn, mapEntries } from './outbox.ts';

/** Newest first, which are the ones that matter. */
const noticesMax = 50;
/** A notice comes before its write, and before a look that does not see that write yet. */
const aheadMs: Millis = 30 * secondMs;
/** What the controller writes to the status some turns after somebody has changed the spec. */
const followsLater: LedgerKind[] = ['revision', 'steps', 'restarted'];

type Reported = { record: Envelope; useUp: () => Promise<void> };

/**
 * The record with the names that notices gave, in those of its entries that a person caused and no command
 * explains. Only then are the notices read. `useUp`, after the record was saved: each explains once.
 */
export async function withAttribution(
  world: Pick<World, 'store' | 'log'>,
  record: Envelope,
  before: Envelope,
): Promise<Reported> {
  const { documents } = world.store;
  const { outbox = [] } = record;
  if (!entriesIn(outbox).some(isOpen)) return { record, useUp: async () => {} };
  try {
    const place = { kind: 'notice' as const, of: keyText(record.key) };
    const { items } = await documents.list(place, { limit: noticesMax });
    const { named, used } = explained(outbox, items, before.progress);
    const useUp = async () => {
      await Promise.all(used.map((notice) => useUpOne(world, notice)));
    };
    return { record: { ...record, outbox: named }, useUp };
  } catch (error) {
    // Who it was is worth less than what happened.
    world.log('warn', 'the notices could not be read', { ...record.key, error: String(error) });
    return { record, useUp: async () => {} };
  }
}

/**
 * Each open entry with the name in the newest notice that tells of such a change. That one and those before
 * it are used up: what they tell of has been overtaken. Pure.
 */
function explained(
  outbox: Message[],
  notices: Document<'notice'>[],
  before: Accounted | undefined,
): { named: Message[]; used: Document<'notice'>[] } {
  const left = new Map(notices.map((notice) => [notice.id, notice]));
  const used: Document<'notice'>[] = [];
  const named = mapEntries(outbox, (entry) => {
    if (!isOpen(entry)) return entry;
    const fitting = [...left.values()]
      .filter(({ body }) => fits(body, entry, before))
      .sort((a, b) => b.body.at - a.body.at);
    const [newest] = fitting;
    if (newest === undefined) return entry;
    for (const notice of fitting) {
      const rest = notice.body.explains.filter((kind) => kind !== entry.kind);
      const next = { ...notice, body: { ...notice.body, explains: rest } };
      left.set(notice.id, next);
    }
    return { ...entry, actor: { name: newest.body.user, proof: 'reported' as const } };
  });
  for (const notice of notices) {
    const now = left.get(notice.id);
    if (now && now !== notice) used.push(now);
  }
  return { named, used };
}

function fits({ uid, at, explains }: Notice, entry: LedgerEntry, before?: Accounted): boolean {
  if (uid !== entry.uid || !explains.includes(entry.kind)) return false;
  if (before === undefined || followsLater.includes(entry.kind)) return true;
  return at >= before.observedAt - aheadMs;
}

/** What a notice still explains is kept: one change may make two transitions. */
async function useUpOne({ store, log }: Pick<World, 'store' | 'log'>, notice: Document<'notice'>) {
  const isDone = notice.body.explains.length === 0;
  const change = isDone
    ? store.documents.remove(notice, notice.version)
    : store.documents.put(notice);
  await change.catch((error: unknown) => {
    log('debug', 'a notice could not be used up', { ...notice.body.key, error: String(error) });
  });
}
