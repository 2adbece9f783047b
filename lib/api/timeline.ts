import { defined } from '../model/defined.ts';
import type { LedgerEntry } from '../model/record.ts';
import type { Timeline } from '../model/timeline.ts';
import { readQuery } from './body.ts';
import { type Call, keyOf } from './call.ts';
import { fromTable, requireKnown } from './reads.ts';
import { queries } from './requestSchemas.ts';
import { answer } from './respond.ts';

/** Entries read at a time, and how often: a release has some ten, and is mostly the newest. */
const pageSize = 100;
const pagesMax = 10;

export async function getTimeline(call: Call): Promise<Response> {
  const asked = readQuery(queries.timeline, call.url).revision;
  const { entries, revision } = await entriesOf(call, asked);
  if (revision === undefined) await requireKnown(call);
  const points = entries
    .reverse()
    .flatMap(({ at, kind, text, weights }) =>
      weights === undefined ? [] : [{ at, ...weights, kind, text }],
    );
  const body: Timeline = { revision: revision ?? asked ?? 0, points };
  return answer(body);
}

/** What the ledger tells of a release, newest first: of the newest, if none is named. */
async function entriesOf(
  call: Call,
  asked: number | undefined,
): Promise<{ entries: LedgerEntry[]; revision?: number }> {
  const entries: LedgerEntry[] = [];
  let revision = asked;
  let isAny = false;
  let cursor: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const options = { limit: pageSize, ...defined({ cursor }) };
    const read = await fromTable(call, () => call.deps.world.store.ledger(keyOf(call), options));
    isAny ||= read.items.length > 0;
    revision ??= read.items.find(({ weights }) => weights !== undefined)?.revision;
    for (const entry of read.items) if (entry.revision === revision) entries.push(entry);
    cursor = read.cursor;
    const isOver = entries.length > 0 && read.items.at(-1)?.revision !== revision;
    if (cursor === undefined || isOver) break;
  }
  return { entries, ...(isAny && { revision: revision ?? 0 }) };
}
