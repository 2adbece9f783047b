import { execFileSync, fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { minuteMs } from '../../lib/model/units.ts';
import { isAnalysed } from './analyses.ts';
import { coverageOf, describeCoverage, missing } from './coverage.ts';
import { describeDelays } from './delays.ts';
import { hasExperiments } from './experiments.ts';
import { isBalanced } from './isBalanced.ts';
import { planted, type Sabotage } from './plant.ts';
import { isRouted } from './routing.ts';
import { sabotages } from './sabotage.ts';
import { scenarioOf } from './scenario.ts';
import type { SeedResult } from './seed.ts';

// npm run faults -- --seeds 500       that many runs; the last line says how many passed
// npm run faults -- --seeds 1000 --from-commit    seeds that nobody has run, made from the commit
// npm run faults -- --seed 17         one run, twice, for it must go the same way again
// npm run faults -- --seed 17 --verbose    and everything that happened in it
// npm run faults -- --sabotage        plants bugs one at a time; each must be found
// npm run faults -- --sabotage --save      and notes by which seed, which is then tried first

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    seed: { type: 'string' },
    first: { type: 'string', default: '1' },
    'from-commit': { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    sabotage: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});

/** Every so many seeds one is run again, to see that it goes the same way. */
const againEvery = 25;
const traceLinesMax = 60;
/** A run takes less than a second where the machine has nothing else to do. */
const seedMaxMs = 5 * minuteMs;
/** Timers of a run outlive it, with all that they hold: a process is given up after so many. */
const seedsOfAChild = 250;
/** A bug that so many runs do not find is missed. */
const huntMax = 1000;
/** By the name of a bug: the seed that found it when that was last noted. */
type FoundBy = { [name: string]: number };
const foundByFile = join(import.meta.dirname, 'foundBy.json');

if (options.sabotage) await hunt();
else if (options.seed !== undefined) await runOne(Number(options.seed));
else await runAll(firstSeed(), Number(options.seeds));

/** Far from the seeds that are always run, and another place for each commit. */
function firstSeed(): number {
  if (!options['from-commit']) return Number(options.first);
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' });
  return 1_000_000 + Number.parseInt(commit.slice(0, 6), 16);
}

type Child = { run: (seed: number) => Promise<SeedResult>; end: () => void };

function startChild(bug?: number): Child {
  const args = bug === undefined ? [] : [String(bug)];
  const child = fork(join(import.meta.dirname, 'child.ts'), args, { serialization: 'advanced' });
  return {
    run: (seed) =>
      new Promise((resolve, reject) => {
        const fail = (code: number | null) =>
          reject(new Error(`seed ${seed}: its process ended with ${code}`));
        const alarm = setTimeout(() => {
          child.off('exit', fail);
          child.kill('SIGKILL');
          reject(
            new Error(`seed ${seed} has not come to its end in ${seedMaxMs / minuteMs} minutes`),
          );
        }, seedMaxMs);
        child.once('exit', fail);
        child.once('message', (result: SeedResult) => {
          clearTimeout(alarm);
          child.off('exit', fail);
          resolve(result);
        });
        child.send(seed);
      }),
    end: () => child.kill(),
  };
}

/** Takes from the list until it is empty, in as many places as there are processors. */
async function inParallel<T>(items: T[], work: (item: T, child: Child) => Promise<void>) {
  const left = [...items];
  const places = Array.from(
    { length: Math.min(availableParallelism(), items.length) },
    async () => {
      while (left.length > 0) {
        const child = startChild();
        for (let done = 0; done < seedsOfAChild; done += 1) {
          const item = left.shift();
          if (item === undefined) break;
          await work(item, child);
        }
        child.end();
      }
    },
  );
  await Promise.all(places);
}

function describe({ seed, violation }: SeedResult): string {
  const { property = '', detail = '', at = 0 } = violation ?? {};
  return `npm run faults -- --seed ${seed}   # ${property}: ${detail} (after ${at / 1000} s)`;
}

async function runAll(first: number, count: number): Promise<void> {
  console.log(`Seeds ${first} to ${first + count - 1}`);
  const results: SeedResult[] = [];
  const failures: string[] = [];
  const fail = (line: string): void => {
    failures.push(line);
    console.log(line);
  };
  const seeds = Array.from({ length: count }, (_, index) => first + index);
  await inParallel(seeds, async (seed, child) => {
    const result = await child.run(seed);
    results.push({ ...result, trace: [] });
    if (result.violation) return fail(describe(result));
    if (seed % againEvery !== 0) return;
    const again = await child.run(seed);
    if (again.digest !== result.digest) {
      fail(`npm run faults -- --seed ${seed}   # goes another way when it is run again`);
    }
  });
  const coverage = coverageOf(results);
  console.log(describeCoverage(coverage));
  const { lines, late } = describeDelays(results.flatMap(({ delays }) => delays));
  console.log('From when a rollout could move until it moved, p50 / p99 / most:');
  for (const line of lines) console.log(line);
  for (const line of late) console.log(`Too late: ${line.trim()}`);
  // What hardly ever occurs is looked for where the seeds are the same each time.
  const never = options['from-commit'] ? [] : missing(coverage, count);
  if (never.length > 0) console.log(`Never occurred: ${never.join(', ')}`);
  // Once more, where it is seen without reading what is above.
  for (const line of failures) console.log(line);
  console.log(`${count - failures.length} passed, ${failures.length} failed`);
  if (failures.length > 0 || late.length > 0 || never.length > 0) process.exitCode = 1;
}

async function runOne(seed: number): Promise<void> {
  const { runSeed } = await import('./seed.ts');
  const result = await runSeed(seed);
  const again = await runSeed(seed);
  const isSame = result.digest === again.digest;
  if (!isSame) console.log('It went another way when it was run again.');
  const lines = options.verbose ? result.trace : result.trace.slice(-traceLinesMax);
  if (result.violation) console.log(describe(result));
  if (result.violation || options.verbose) for (const line of lines) console.log(`  ${line}`);
  const failed = result.violation || !isSame ? 1 : 0;
  console.log(`${1 - failed} passed, ${failed} failed`);
  // Timers of the functions' time limits, which are far off, would keep the process.
  process.exit(failed);
}

/** Looks for each bug in turn; the run that finds it must pass when the bug is not there. */
async function hunt(): Promise<void> {
  // One whose place is gone from the source would never be found: say so at once.
  for (const bug of sabotages) planted(bug);
  const missed: string[] = [];
  const known = JSON.parse(readFileSync(foundByFile, 'utf8')) as FoundBy;
  const foundBy: FoundBy = {};
  const bugs = sabotages.map(({ name }, index) => ({ name, index }));
  await inParallel(bugs, async ({ name, index }, sound) => {
    const found = await findBug(index, sound, known[name]);
    if (found === undefined) missed.push(`MISSED  ${name}`);
    else foundBy[name] = found.seed;
    console.log(
      found ? `caught  ${name}: ${found.property} (seed ${found.seed})` : `MISSED  ${name}`,
    );
  });
  if (options.save) {
    const sorted = sabotages.map(({ name }) => [name, foundBy[name]]);
    writeFileSync(foundByFile, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
  }
  // Once more, where it is seen without reading what is above.
  for (const line of missed) console.log(line);
  console.log(`${bugs.length - missed.length} passed, ${missed.length} failed`);
  if (missed.length > 0) process.exitCode = 1;
}

function meets(seed: number, met: Sabotage['met']): boolean {
  if (met === undefined) return true;
  if (isBalanced(seed)) return met === 'balanced' || met === 'routed';
  const { spec, workload } = scenarioOf(seed);
  if (met === 'analysed') return isAnalysed(spec);
  if (met === 'experiments') return hasExperiments(spec);
  return met === 'workload' ? workload !== undefined : met === 'routed' && isRouted(spec);
}

/** `known`: the seed that found it last. */
async function findBug(
  index: number,
  sound: Child,
  known?: number,
): Promise<{ seed: number; property: string } | undefined> {
  const sick = startChild(index);
  const others = Array.from({ length: huntMax }, (_, place) => place + 1);
  const seeds = others.filter((seed) => meets(seed, sabotages[index]?.met));
  try {
    for (const seed of known === undefined ? seeds : [known, ...seeds]) {
      const { violation } = await sick.run(seed);
      if (violation === undefined) continue;
      const healthy = await sound.run(seed);
      if (healthy.violation === undefined) return { seed, property: violation.property };
    }
    return undefined;
  } finally {
    sick.end();
  }
}
