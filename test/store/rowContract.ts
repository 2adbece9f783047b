import { describe, expect, it } from 'vitest';
import type { RolloutKey } from '../../lib/model/key.ts';
import type { Envelope, RolloutRecord } from '../../lib/model/record.ts';
import { rolloutRow } from '../../lib/model/rolloutRow.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import type { Store } from '../../lib/world.ts';
import { key, makeRecord, makeView } from '../api/support.ts';
import { readAll } from './readAll.ts';

function viewOf(key: RolloutKey, over: Partial<RolloutView> = {}): RolloutView {
  return { ...makeView(), ...key, ...over };
}

export function rowTests(store: () => Store): void {
  describe('rows of the fleet', () => {
    const save = (name: string, over: Partial<RolloutRecord> = {}) => {
      const its = { ...key, name };
      return store().save(makeRecord({ key: its, view: viewOf(its), ...over }));
    };
    const rows = async (options: { namespace?: string } = {}) =>
      (await store().rows('prod', { limit: 100, ...options })).items;

    it('have what a list shows, and follow the record', async () => {
      const first = await save('front-api');
      expect(await rows()).toEqual([{ ...key, ...rolloutRow(viewOf(key)) }]);
      await store().save({ ...first, view: viewOf(key, { phase: 'Healthy' }) });
      expect((await rows()).map(({ phase }) => phase)).toEqual(['Healthy']);
      await store().forget(key, 2);
      expect(await rows()).toEqual([]);
    });

    it('are there of rollouts that have been looked at, and of nothing else', async () => {
      await store().save(blankRecord(key));
      const run = { ...key, kind: 'AnalysisRun' as const, name: 'run' };
      await store().save({ ...blankRecord(run), view: { phase: 'Running' } } as Envelope);
      await save('other');
      await store().save(makeRecord({ key: { ...key, cluster: 'prod-2' }, view: viewOf(key) }));
      expect((await rows()).map(({ name }) => name)).toEqual(['other']);
    });

    it('come in pages, by namespace and name', async () => {
      for (const name of ['d', 'a', 'c', 'b']) await save(name);
      const shop2 = { ...key, namespace: 'shop-2', name: 'a' };
      await store().save(makeRecord({ key: shop2, view: viewOf(shop2) }));
      const { items, pages } = await readAll((cursor) =>
        store().rows('prod', { limit: 2, ...(cursor && { cursor }) }),
      );
      expect(items.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual(
        ['shop/a', 'shop/b', 'shop/c', 'shop/d', 'shop-2/a'].sort(),
      );
      expect(pages).toEqual([2, 2, 1]);
      expect((await rows({ namespace: 'shop' })).map(({ name }) => name).join('')).toBe('abcd');
    });
  });
}
