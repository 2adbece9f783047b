import type { Page } from '../../lib/world.ts';

/** Every item of a paged answer, and how long each page was. */
export async function readAll<T>(
  read: (cursor: string | undefined) => Promise<Page<T>>,
): Promise<{ items: T[]; pages: number[] }> {
  const items: T[] = [];
  const pages: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    items.push(...page.items);
    pages.push(page.items.length);
    cursor = page.cursor;
  } while (cursor !== undefined && pages.length < 100);
  return { items, pages };
}
