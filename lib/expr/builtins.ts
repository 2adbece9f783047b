import { own } from '../model/own.ts';
import type { Millis } from '../model/units.ts';
import { collections } from './collections.ts';
import { chargeAll, chargeText, chargeTop } from './cost.ts';
import { type Budget, fail } from './failure.ts';
import type { Go, GoRecord } from './goValue.ts';
import { numbers } from './numbers.ts';
import { textFunctions } from './textFunctions.ts';
import { timeFunctions } from './timeFunctions.ts';

export type World = { budget: Budget; now: Millis; env: GoRecord };
export type Builtin = (args: Go[], world: World) => Go;

export const builtins: Record<string, Builtin> = {
  ...collections,
  ...numbers,
  ...textFunctions,
  ...timeFunctions,
};

/** How much of their arguments those look at that do not look at all of them, inner values too. */
const reaches: Record<string, (value: Go, budget: Budget) => void> = {
  type: () => {},
  ...Object.fromEntries(['first', 'last', 'get', 'take'].map((name) => [name, chargeText])),
  // What else they compare or print they charge for themselves.
  ...Object.fromEntries(
    [
      'len',
      'keys',
      'values',
      'toPairs',
      'fromPairs',
      'reverse',
      'concat',
      'uniq',
      'sort',
      'join',
    ].map((name) => [name, chargeTop]),
  ),
  // The machine compares their texts, and does it fast.
  ...Object.fromEntries(
    ['indexOf', 'lastIndexOf', 'hasPrefix', 'hasSuffix', 'trimPrefix', 'trimSuffix'].map((name) => [
      name,
      (value: Go, budget: Budget) => budget.text(typeof value === 'string' ? value.length : 0),
    ]),
  ),
};

/** Calls a builtin that takes no predicate. The checker has counted the arguments. */
export function callBuiltin(name: string, args: Go[], world: World): Go {
  const builtin = own(builtins, name);
  if (!builtin) return fail(`unknown builtin ${name}`);
  const charge = own(reaches, name) ?? chargeAll;
  for (const arg of args) charge(arg, world.budget);
  return builtin(args, world);
}
