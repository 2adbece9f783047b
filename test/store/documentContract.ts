import { describe, expect, it } from 'vitest';
import { Conflict } from '../../lib/errors.ts';
import type { Document } from '../../lib/model/documents.ts';
import type { Store } from '../../lib/world.ts';
import { readAll } from './readAll.ts';

/** What every Store must do with documents. */
export function documentTests(store: () => Store): void {
  describe('documents', () => {
    const token = (id: string, of?: string): Document<'token'> => ({
      ...{ kind: 'token', id, version: 0 },
      ...(of !== undefined && { of }),
      body: { name: `of ${id}`, groups: [], createdAt: 5, createdBy: 'ada' },
    });
    const documents = () => store().documents;

    it('answers what was put, whole, in the version it has', async () => {
      const put = await documents().put({ ...token('a/b#c ☕', 'x/y#z'), expiresAt: 4e12 });
      expect(put.version).toBe(1);
      expect(await documents().get({ kind: 'token', of: 'x/y#z', id: 'a/b#c ☕' })).toEqual(put);
      expect(await documents().get({ kind: 'token', id: 'a/b#c ☕' })).toBeUndefined();
    });

    it('refuses a second first put and a lost update', async () => {
      const first = await documents().put(token('a'));
      await expect(documents().put(token('a'))).rejects.toThrow(Conflict);
      const second = await documents().put({ ...first, body: { ...first.body, name: 'new' } });
      await expect(documents().put(first)).rejects.toThrow(Conflict);
      expect(await documents().get({ kind: 'token', id: 'a' })).toEqual(second);
    });

    it('lets one of many through that put the same at once', async () => {
      const puts = Array.from({ length: 6 }, () => documents().put(token('a')));
      const settled = await Promise.allSettled(puts);
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('has nothing of what has expired, and takes it anew', async () => {
      await documents().put({ ...token('a'), expiresAt: 1000 });
      expect(await documents().get({ kind: 'token', id: 'a' })).toBeUndefined();
      expect((await documents().list({ kind: 'token' }, { limit: 9 })).items).toEqual([]);
      expect(await documents().put(token('a'))).toMatchObject({ version: 1 });
    });

    it('removes in the version named only', async () => {
      const first = await documents().put(token('a'));
      const second = await documents().put(first);
      await expect(documents().remove(first, first.version)).rejects.toThrow(Conflict);
      await documents().remove(second, second.version);
      await documents().remove(second, second.version);
      expect(await documents().get(second)).toBeUndefined();
    });

    it('lists a group by id, page by page, and no other', async () => {
      for (const id of ['c', 'a', 'b']) await documents().put(token(id, 'one'));
      await documents().put(token('d', 'two'));
      await documents().put(token('e'));
      const { items, pages } = await readAll((cursor) =>
        documents().list({ kind: 'token', of: 'one' }, { limit: 2, ...(cursor && { cursor }) }),
      );
      expect(items.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
      expect(pages).toEqual([2, 1]);
    });
  });
}
