import type { Cluster, World } from '../../lib/world.ts';

/** The world with clusters that somebody meddles with: for what an API server may do or refuse. */
export function meddled(world: World, meddle: (cluster: Cluster) => Cluster): World {
  return { ...world, cluster: async (name) => meddle(await world.cluster(name)) };
}
