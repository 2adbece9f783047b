import { rm } from 'node:fs/promises';
import { systemClock } from '../../lib/clock.ts';
import type { RolloutRecord } from '../../lib/model/record.ts';
import { folderStore } from '../../lib/store/embedded.ts';

// Run by embedded.test.ts in a process of its own, on a disk that is nearly full. Writes three
// records at a time until the store refuses, frees space, writes on, opens the store again and counts
// what it had confirmed. Names are numbers, and each record holds its name in `polls`.

const [dir = '', ballast = ''] = process.argv.slice(2);
const confirmed = new Map<number, RolloutRecord>();
let { store, close } = await folderStore(dir, systemClock);

const keyOf = (index: number) => ({ cluster: 'c', namespace: 'n', name: String(index) });
const save = async (index: number) => {
  const fresh = { key: keyOf(index), version: 0, intents: [], dueAt: index + 1 };
  confirmed.set(index, await store.save({ ...fresh, polls: index, dueFor: 'x'.repeat(4000) }));
};
const failureOf = async (index: number) => {
  try {
    await save(index);
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
};

let index = 0;
let failure: string | undefined;
while (failure === undefined && index < 1000) {
  const failures = await Promise.all([failureOf(index++), failureOf(index++), failureOf(index++)]);
  failure = failures.find((each) => each !== undefined);
}
const whileFull = await failureOf(index++);
const readable = (await store.load(keyOf(0)))?.polls === 0;
const beforeFreed = confirmed.size;

await rm(ballast, { force: true });
let afterFreed: string | undefined;
for (let more = 0; more < 10; more++) afterFreed ??= await failureOf(index++);

await close();
({ store, close } = await folderStore(dir, systemClock));
const lost: number[] = [];
for (const [name, record] of confirmed) {
  const found = await store.load(keyOf(name));
  if (JSON.stringify(found) !== JSON.stringify(await roundTrip(record))) lost.push(name);
}
const due = (await store.due(1e9, 5000)).map(({ key }) => Number(key.name));
const undue = [...confirmed.keys()].filter((name) => !due.includes(name));
await close();

process.stdout.write(
  JSON.stringify({ failure, whileFull, readable, beforeFreed, afterFreed, lost, undue }),
);

/** As the table gives it back: the order of the fields is the table's. */
async function roundTrip(record: RolloutRecord): Promise<RolloutRecord> {
  const found = await store.load(record.key);
  return found === undefined ? record : { ...found, ...record };
}
