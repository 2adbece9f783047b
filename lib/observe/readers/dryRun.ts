import { Conflict, ifGone } from '../../errors.ts';
import type { Kind } from '../../model/kinds.ts';
import { refOf } from '../../model/plan.ts';
import type { DryRunOutcome, DryRunRead } from '../../model/reads.ts';
import type { Cluster } from '../../world.ts';

/** Asks the API server what it would make of an object; where the name is taken, which object has it. */
export async function readDryRun<K extends Kind>(
  cluster: Cluster,
  { dryRun: object, kind }: DryRunRead<K>,
): Promise<DryRunOutcome<K>> {
  try {
    return { made: await cluster.create(kind, object, { dryRun: true }) };
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    const { namespace, name } = refOf(kind, object);
    const taken = await cluster.get({ kind, namespace, name }).catch(ifGone);
    return taken ? { taken } : {};
  }
}
