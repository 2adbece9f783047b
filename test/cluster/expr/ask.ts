// Asks Go's own libraries what comes of cases, and renews the committed answers.
//
//   node test/cluster/expr/ask.ts > test/expr/vectors.json

import { execFileSync } from 'node:child_process';
import type { Answer } from '../../expr/answers.ts';
import { type Case, casesOf } from '../../expr/cases.ts';

/** Of the committed answers. */
const vectorSeed = 7;
const vectorCount = 2400;

/** Go's answers, in the order of the cases. Needs Go. */
export function askGo(cases: Case[]): Answer[] {
  const printed = execFileSync('go', ['run', '.'], {
    cwd: import.meta.dirname,
    input: cases.map((each) => JSON.stringify(each)).join('\n'),
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
  });
  return printed
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

/** Each case with its answer, one a line. */
function vectorText(): string {
  const cases = casesOf(vectorSeed, vectorCount);
  const answers = askGo(cases);
  const lines = cases.map((each, at) => JSON.stringify([each, answers[at]]));
  return `[\n${lines.join(',\n')}\n]\n`;
}

if (import.meta.main) process.stdout.write(vectorText());
