import type { RolloutKey } from '../model/key.ts';
import type { ObjectRef } from '../model/kinds.ts';
import type { Store } from '../world.ts';
import { type Change, isAmong, itself } from './keys.ts';

// Which rollouts manage an object: their records name what they do.
// docs/adr/0048-what-is-managed-wakes-its-rollout.md

const pageSize = 100;
/** One change may look through so many pages. */
const pagesMax = 10;

export type Recorded = { key: RolloutKey; uid?: string; managed: ObjectRef[] };

/** The rollouts of a namespace that the table knows. `tooMany`: more than one change can look through. */
export async function recordedIn(
  store: Pick<Store, 'list'>,
  cluster: string,
  namespace: string,
): Promise<Recorded[] | 'tooMany'> {
  const rollouts: Recorded[] = [];
  let cursor: string | undefined;
  for (let page = 1; page <= pagesMax; page += 1) {
    const at = cursor === undefined ? {} : { cursor };
    const found = await store.list(cluster, { namespace, limit: pageSize, ...at });
    for (const { key, progress, managed = [] } of found.items) {
      rollouts.push({ key, managed, ...(progress && { uid: progress.uid }) });
    }
    rollouts.push(...found.unreadable.map(({ key }) => ({ key, managed: [] })));
    cursor = found.cursor;
    if (cursor === undefined) return rollouts;
  }
  return 'tooMany';
}

/** The rollouts of its namespace that manage what has changed. */
export async function managersOf(
  store: Pick<Store, 'list'>,
  cluster: string,
  change: Change,
): Promise<RolloutKey[]> {
  const { kind, object } = change;
  if (itself(change, cluster) !== 'referrers') return [];
  const rollouts = await recordedIn(store, cluster, object.metadata?.namespace ?? 'default');
  if (rollouts === 'tooMany') return [];
  return rollouts.filter(({ managed }) => isAmong(managed, kind, object)).map(({ key }) => key);
}
