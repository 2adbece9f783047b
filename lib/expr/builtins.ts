import { own } from '../model/own.ts';
import type { Millis } from '../model/units.ts';
import { collections } from './collections.ts';
import { type Budget, fail } from './failure.ts';
import type { Go, GoRecord } from './goValue.ts';
import { numbers } from './numbers.ts';
import { textFunctions } from './textFunctions.ts';
import { timeFunctions } from './timeFunctions.ts';

export type World = { budget: Budget; now: Millis; env: GoRecord };
export type Builtin = (args: Go[], world: World) => Go;

const builtins: Record<string, Builtin> = {
  ...collections,
  ...numbers,
  ...textFunctions,
  ...timeFunctions,
};

/** Calls a builtin that takes no predicate. The checker has counted the arguments. */
export function callBuiltin(name: string, args: Go[], world: World): Go {
  const builtin = own(builtins, name);
  return builtin ? builtin(args, world) : fail(`unknown builtin ${name}`);
}
