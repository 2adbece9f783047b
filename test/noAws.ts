import { Terminal } from '../lib/errors.ts';
import { type Aws, unmeasured } from '../lib/world.ts';

/** For worlds in which nobody is to ask AWS. */
export async function noAws(): Promise<Aws> {
  throw new Terminal('nobody asks AWS here');
}

/** What a turn reads from beside its cluster. */
export const noOthers = {
  aws: noAws,
  http: () => unmeasured.http(''),
  secrets: () => unmeasured.secrets(''),
  endsAt: Number.POSITIVE_INFINITY,
};
