import { plant } from './plant.ts';
import { sabotages } from './sabotage.ts';

// A process of `npm run faults`: runs the seeds that it is sent, one at a time. Its argument is the bug to
// plant, by its place in the table. Nothing of lib/ is imported before that: it would be loaded as it is.

const [bug] = process.argv.slice(2);
const sabotage = bug === undefined ? undefined : sabotages[Number(bug)];
const isPlanted = sabotage && plant(sabotage);
const { runSeed } = await import('./seed.ts');
if (isPlanted && !isPlanted()) throw new Error(`${sabotage.file} was loaded without its bug`);
process.on('message', (seed: number) => {
  void runSeed(seed).then((result) => process.send?.(result));
});
// Whoever asked is gone.
process.on('disconnect', () => process.exit());
