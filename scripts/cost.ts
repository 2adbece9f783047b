import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { argoBill, billOf, type Fleet, type Line, pageBill } from './bill.ts';
import { type Counters, committedFile, counters, countersFile } from './counters.ts';

// npm run cost -- --clusters 50 --rollouts 1000 --releases-per-day 200

const usage = 'usage: npm run cost -- --clusters N --rollouts N --releases-per-day N';

const fleet = readFleet();
const counted = await readCounters();
const { releases, idle, countedOn } = counted;
const what = `${releases} releases and ${idle.minutes} idle minutes`;
print(`Serin, from ${what} that \`npm run test:aws\` counted on ${countedOn}:`);
const bill = billOf(counted, fleet);
table(bill);
print('');
print('A tab of the page with the whole fleet, open 8 h a day, polled every 5 s, is in addition:');
table(pageBill(fleet));
print('');
print("Two replicas of Argo Rollouts' controller in every cluster would be:");
table(argoBill(fleet));
print(
  '  where nodes have room to spare, the last two cost nothing more; without NAT and VPC endpoints,',
);
print('  which private clusters need for Serin; prices of us-east-1 in 2026 without free tiers');
print('  (scripts/bill.ts); time is that of the machine which ran the tests, not of Lambda');
print('');
const sum = bill.reduce((all, { dollars }) => all + dollars, 0);
print(`total ${sum.toFixed(2)} dollars a month`);

function readFleet(): Fleet {
  const number = { type: 'string' } as const;
  let values: Record<string, string | undefined>;
  try {
    ({ values } = parseArgs({
      options: { clusters: number, rollouts: number, 'releases-per-day': number },
    }));
  } catch (error) {
    fail(`${(error as Error).message}\n${usage}`);
  }
  const numberOf = (name: string): number => {
    const value = Number(values[name]?.trim() || Number.NaN);
    if (!Number.isFinite(value) || value < 0) fail(`--${name} must be a number\n${usage}`);
    return value;
  };
  return {
    clusters: numberOf('clusters'),
    rollouts: numberOf('rollouts'),
    releasesPerDay: numberOf('releases-per-day'),
  };
}

async function readCounters(): Promise<Counters> {
  const text = await readFile(countersFile, 'utf8').catch(() => readFile(committedFile, 'utf8'));
  const { success, data, error } = counters.safeParse(parsed(text));
  if (success) return data;
  const why = z.prettifyError(error);
  return fail(`${countersFile} is not what this version counts; run \`npm run test:aws\`\n${why}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function table(lines: Line[]): void {
  for (const { what, how, dollars } of lines) {
    print(`${dollars.toFixed(2).padStart(10)}  ${what.padEnd(34)} ${how}`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}
