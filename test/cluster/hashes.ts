// Holds our hashes and encodings against Argo's own functions, on fresh random inputs.
//
//   node test/cluster/hashes.ts [SEED] [N]
//
// Needs Go. Exit code 1 when anything differs; the printed seed repeats the run.

import { execFileSync } from 'node:child_process';
import { answerOf, falseFaultsOf, type GoCase } from '../model/goCases.ts';

const [seed = Math.floor(Math.random() * 2 ** 32), count = 2000] = process.argv.slice(2);
console.log(`seed ${seed}, ${count} cases`);

const printed = execFileSync('go', ['run', '.', 'hashes', String(seed), String(count)], {
  cwd: new URL('types/', import.meta.url),
  maxBuffer: 2 ** 30,
  encoding: 'utf8',
});
const cases: GoCase[] = JSON.parse(printed);

const compared = new Map<string, number>();
let differing = 0;
for (const goCase of cases) {
  const { kind, ours, gos } = answerOf(goCase);
  compared.set(kind, (compared.get(kind) ?? 0) + 1);
  const faults = falseFaultsOf(goCase);
  if (ours === gos && faults.length === 0) continue;
  differing += 1;
  console.error(`differs: ${JSON.stringify(goCase)}\n  ours ${ours}, Go's ${gos} ${faults}`);
}

const kinds = [...compared].map(([kind, cases]) => `${cases} ${kind}`).sort();
console.log(`compared ${kinds.join(', ')}`);
console.log(`${cases.length - differing} equal, ${differing} differing`);
if (differing > 0 || cases.length === 0) process.exitCode = 1;
