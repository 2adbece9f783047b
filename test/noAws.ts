import { Terminal } from '../lib/errors.ts';
import type { Aws } from '../lib/world.ts';

/** For worlds in which nobody is to ask AWS. */
export async function noAws(): Promise<Aws> {
  throw new Terminal('nobody asks AWS here');
}
