import { instanceIdLabel } from '../model/names.ts';
import { nameOf, versionOf } from '../model/workload.ts';
import type { World } from '../world.ts';

/** Records read at a time. */
const pageSize = 200;

type Relisting = Pick<World, 'cluster' | 'store' | 'wakes' | 'instanceId'>;

/**
 * Compares a cluster's rollouts with the table and wakes those in another version than was last
 * accounted for, the new and the deleted among them: what a lost notice would have told. Answers how
 * many.
 */
export async function relist(world: Relisting, cluster: string): Promise<number> {
  const [rollouts, known] = await Promise.all([
    world.cluster(cluster).list('Rollout', ''),
    versionsIn(world, cluster),
  ]);
  const ours = rollouts.filter(
    (rollout) => (rollout.metadata?.labels?.[instanceIdLabel] ?? '') === world.instanceId,
  );
  const stale: { namespace: string; name: string }[] = [];
  for (const rollout of ours) {
    const namespace = rollout.metadata?.namespace ?? 'default';
    const id = `${namespace}/${nameOf(rollout)}`;
    if (known.get(id) !== versionOf(rollout)) stale.push({ namespace, name: nameOf(rollout) });
    known.delete(id);
  }
  for (const id of known.keys()) {
    const [namespace = '', name = ''] = id.split('/');
    stale.push({ namespace, name });
  }
  await Promise.all(stale.map((each) => world.wakes.send({ key: { cluster, ...each } }, 0)));
  return stale.length;
}

/** The version each recorded rollout was last accounted for in, by namespace and name. */
async function versionsIn(
  { store }: Relisting,
  cluster: string,
): Promise<Map<string, string | undefined>> {
  const versions = new Map<string, string | undefined>();
  let cursor: string | undefined;
  do {
    const page = await store.list(cluster, { limit: pageSize, ...(cursor && { cursor }) });
    for (const { key, progress } of page.items) {
      versions.set(`${key.namespace}/${key.name}`, progress?.resourceVersion);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return versions;
}
