import { expect, it } from 'vitest';
import type { ObjectRef } from '../../lib/model/kinds.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import { managedObjects } from '../../server/managedObjects.ts';
import { make, start } from '../make.ts';
import { handClock } from '../queue/world.ts';

const key = (name: string) => ({ cluster: 'local', namespace: 'shop', name });
const ref = (name: string): ObjectRef => ({ kind: 'VirtualService', namespace: 'shop', name });
const object = (name: string, generation = 1) => ({
  metadata: { namespace: 'shop', name, generation },
});

it('a change of an object concerns the rollouts whose records name it', async () => {
  const table = memoryStore(handClock(start));
  await table.save({ ...blankRecord(key('old')), managed: [ref('web')] });
  const { store, managersOf } = await managedObjects(table, 'local');
  const of = (name: string, kind = 'VirtualService') =>
    managersOf({ type: 'ADDED', kind, object: object(name) }).map((each) => each.name);
  expect(of('web')).toEqual(['old']);
  const progress = make.progress();
  const web = await store.save({ ...blankRecord(key('web')), progress, managed: [ref('web')] });
  expect(of('web')).toEqual(['old', 'web']);
  expect(of('web', 'DestinationRule')).toEqual([]);
  const changed = { kind: 'VirtualService', object: object('web'), before: object('web') };
  expect(managersOf({ ...changed, type: 'MODIFIED' })).toEqual([]);
  const edited = { ...changed, object: object('web', 2) };
  expect(managersOf({ ...edited, type: 'MODIFIED' })).toHaveLength(2);
  // It manages another one now, and then nothing any more.
  const moved = await store.save({ ...web, managed: [ref('other')] });
  expect([of('web'), of('other')]).toEqual([['old'], ['web']]);
  await store.forget(key('web'), moved.version);
  expect(of('other')).toEqual([]);
});
