// Holds our hashes, encodings and rules against Argo's own functions, on fresh random inputs.
//
//   node test/cluster/hashes.ts [SEED] [N] [hashes|rules]
//
// Needs Go. Exit code 1 when anything differs; the printed seed repeats the run.

import { execFileSync } from 'node:child_process';
import { deepEqual } from '../../lib/model/patch.ts';
import { answerOf as answerOfRule, onPurpose, type RuleCase } from '../decide/ruleCases.ts';
import { answerOf as answerOfHash, falseFaultsOf, type GoCase } from '../model/goCases.ts';

const shownMax = 20;

const [seed = Math.floor(Math.random() * 2 ** 32), count = 2000, only] = process.argv.slice(2);
console.log(`seed ${seed}, ${count} cases`);
if (only !== 'rules') compareAll<GoCase>('hashes', compareHash);
if (only !== 'hashes') compareAll<RuleCase>('rules', compareRule);

type Compared = { kind: string; difference?: string; why?: string };

function compareHash(goCase: GoCase): Compared {
  const { kind, ours, gos } = answerOfHash(goCase);
  const faults = falseFaultsOf(goCase);
  if (ours === gos && faults.length === 0) return { kind };
  return { kind, difference: `ours ${ours}, Go's ${gos} ${faults}` };
}

function compareRule(ruleCase: RuleCase): Compared {
  const { kind, ours, gos } = answerOfRule(ruleCase);
  if (deepEqual(ours, gos)) return { kind };
  const why = onPurpose(ruleCase);
  if (why !== undefined) return { kind, why };
  return { kind, difference: `ours ${JSON.stringify(ours)}, Argo's ${JSON.stringify(gos)}` };
}

function compareAll<Case>(command: string, compare: (each: Case) => Compared): void {
  const printed = execFileSync('go', ['run', '.', command, String(seed), String(count)], {
    cwd: new URL('types/', import.meta.url),
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
  });
  const cases: Case[] = JSON.parse(printed);
  const compared = cases.map(compare);
  const differing = cases
    .map((each, index) => ({ text: JSON.stringify(each), ...compared[index] }))
    .filter(({ difference }) => difference !== undefined)
    // The shortest case tells the most.
    .sort((a, b) => a.text.length - b.text.length);
  for (const { text, difference } of differing.slice(0, shownMax)) {
    console.error(`differs: ${text}\n  ${difference}`);
  }
  console.log(`compared ${tally(compared.map(({ kind }) => kind))}`);
  const reasons = compared.map(({ why }) => why).filter((why) => why !== undefined);
  if (reasons.length > 0) console.log(`differing on purpose: ${tally(reasons)}`);
  console.log(
    `${cases.length - differing.length} as they should be, ${differing.length} differing`,
  );
  if (differing.length > 0 || cases.length === 0) process.exitCode = 1;
}

function tally(names: string[]): string {
  const counts = [...Map.groupBy(names, (name) => name)].map(
    ([name, all]) => `${all.length} ${name}`,
  );
  return counts.sort().join(', ');
}
