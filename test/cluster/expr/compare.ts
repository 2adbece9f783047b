// Holds conditions and JSONPaths against Go's own libraries, on fresh random inputs.
//
//   npm run test:expr -- [SEED] [N]
//
// Needs Go. Exit code 1 when anything differs. Go goes through a map in no order: `{$.*}` may differ by that.

import { agree, answerOf, onPurpose } from '../../expr/answers.ts';
import { casesOf } from '../../expr/cases.ts';
import { askGo } from './ask.ts';

const [seed = Math.floor(Math.random() * 2 ** 32), count = 5000] = process.argv.slice(2);
const cases = casesOf(Number(seed), Number(count));
const answers = askGo(cases);
const differing = cases.flatMap((each, at) => {
  const gos = answers[at] ?? [''];
  const ours = answerOf(each);
  return agree(ours, gos) || onPurpose(each, gos) ? [] : [{ each, ours, gos }];
});
for (const each of differing.slice(0, 20)) console.log(JSON.stringify(each));
console.log(`seed ${seed}: ${cases.length - differing.length} passed, ${differing.length} failed`);
process.exitCode = differing.length === 0 ? 0 : 1;
