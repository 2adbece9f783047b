import { embeddedStore } from '../../lib/store/embedded.ts';

// Run by embedded.test.ts, which kills it: moves the due times of a few rollouts for ever.

const { store } = await embeddedStore({ dir: process.argv[2] ?? '' });
const writers = ['a', 'b', 'c', 'd'].map(async (name, first) => {
  const key = { cluster: 'c', namespace: 'n', name };
  let record =
    (await store.load(key)) ??
    (await store.save({ schema: 1, key, version: 0, intents: [], polls: 0, dueAt: first }));
  for (;;) record = await store.save({ ...record, dueAt: (record.dueAt ?? 0) + 1 });
});
process.stdout.write('writing');
await Promise.all(writers);
