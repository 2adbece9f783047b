import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import { key, newRecord } from '../store/contract.ts';
import { withIndexLag } from './indexLag.ts';

const start = 1_700_000_000_000;

describe('a due index that lags', () => {
  it('shows what was written only after a while, while the record is there at once', async () => {
    const clock = virtualClock(start);
    const store = withIndexLag(memoryStore(clock), clock, 400);
    const first = await store.save(newRecord({ dueAt: start + 10 }));
    await clock.run({ until: start + 399, eventsMax: 1 });
    expect(await store.due(Infinity, 9)).toEqual([]);
    expect((await store.load(key))?.version).toBe(1);

    await clock.run({ until: start + 400, eventsMax: 1 });
    await store.save({ ...first, dueAt: start + 5000 });
    expect(await store.due(Infinity, 9)).toEqual([{ key, dueAt: start + 10, version: 1 }]);

    await clock.run({ until: start + 800, eventsMax: 1 });
    expect(await store.due(Infinity, 9)).toEqual([{ key, dueAt: start + 5000, version: 2 }]);
    await store.forget(key, 2);
    expect(await store.due(Infinity, 9)).toHaveLength(1);
    await clock.run({ until: start + 1200, eventsMax: 1 });
    expect(await store.due(Infinity, 9)).toEqual([]);
  });
});
