import { systemClock } from '../../lib/clock.ts';
import { folderStore } from '../../lib/store/embedded.ts';

// Run by embedded.test.ts, which kills it: moves the due times of a few rollouts for ever. It says so
// once each of them was moved.

const { store } = await folderStore(process.argv[2] ?? '', systemClock);
const names = ['a', 'b', 'c', 'd'];
let moved = 0;
const writers = names.map(async (name, first) => {
  const key = { cluster: 'c', namespace: 'n', name };
  let record =
    (await store.load(key)) ??
    (await store.save({ key, version: 0, intents: [], polls: 0, dueAt: first }));
  for (let writes = 1; ; writes += 1) {
    record = await store.save({ ...record, dueAt: (record.dueAt ?? 0) + 1 });
    if (writes === 1) moved += 1;
    if (writes === 1 && moved === names.length) process.stdout.write('writing');
  }
});
await Promise.all(writers);
