import type { Millis } from '../lib/model/units.ts';
import type { Client } from './client.ts';
import { bodyOf } from './look.ts';

/** Far more than a namespace or a ledger holds: a server that never ends its pages must not hold us. */
const pagesMax = 1000;

/** A rollout whose record cannot be read. */
type Unreadable = { namespace: string; name: string; reason: string };

/** The items of a list, page after page, up to a limit. */
export async function pages<T>(
  client: Client,
  path: string,
  limit: number,
): Promise<{ items: T[]; unreadable: Unreadable[]; now: Millis }> {
  const items: T[] = [];
  const unreadable: Unreadable[] = [];
  let cursor: string | undefined;
  let now = 0;
  for (let page = 0; page < pagesMax && items.length < limit; page++) {
    const query = new URLSearchParams({
      ...(Number.isFinite(limit) ? { limit: String(limit - items.length) } : {}),
      ...(cursor === undefined ? {} : { cursor }),
    });
    const sign = path.includes('?') ? '&' : '?';
    const answer = await client.get<{ items: T[]; unreadable?: Unreadable[]; cursor?: string }>(
      query.size === 0 ? path : `${path}${sign}${query}`,
    );
    const body = bodyOf(answer);
    items.push(...body.items);
    unreadable.push(...(body.unreadable ?? []));
    now = answer.now;
    cursor = body.cursor;
    if (cursor === undefined) break;
  }
  return { items: items.slice(0, limit), unreadable, now };
}
