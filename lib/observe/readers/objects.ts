import type { Kind, Kinds } from '../../model/kinds.ts';
import type { ListRead, ObjectRead } from '../../model/reads.ts';
import type { Cluster } from '../../world.ts';

export async function readObject<K extends Kind>(
  cluster: Cluster,
  { object }: ObjectRead<K>,
): Promise<Kinds[K]> {
  return await cluster.get(object);
}

export async function readList<K extends Kind>(
  cluster: Cluster,
  { list, namespace, selector }: ListRead<K>,
): Promise<Kinds[K][]> {
  return await cluster.list(list, namespace, selector);
}
