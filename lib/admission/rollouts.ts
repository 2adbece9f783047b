import { cache } from '../cache.ts';
import type { RolloutKey } from '../model/key.ts';
import type { ObjectRef } from '../model/kinds.ts';
import { type Millis, secondMs } from '../model/units.ts';
import { isAmong } from '../queue/keys.ts';
import type { World } from '../world.ts';
import type { Concern } from './changeNotice.ts';

/** How long what the table said of a namespace is believed: many workloads change at once. */
const lifeMs: Millis = 2 * secondMs;
const namespacesMax = 200;
const pageSize = 100;
/** One request may wait for so many pages. */
const pagesMax = 10;

export type Concerned = { key: RolloutKey; uid?: string };
type Recorded = Concerned & { managed: ObjectRef[] };
/** `tooMany`: more than one request can look through. */
export type FindRollouts = (cluster: string, concern: Concern) => Promise<Concerned[] | 'tooMany'>;

/** Finds the rollouts a notice concerns in the table: no call to any cluster. */
export function rolloutFinder({ clock, store }: Pick<World, 'clock' | 'store'>): FindRollouts {
  const recorded = cache<Recorded[] | 'tooMany'>({
    ...{ now: clock.now, lifeMs, max: namespacesMax },
    read: (id) => {
      const [cluster = '', namespace = ''] = id.split('/');
      return read(store, cluster, namespace);
    },
  });
  return async (cluster, concern) => {
    if ('key' in concern) return [{ key: concern.key }];
    const { value: rollouts } = await recorded(`${cluster}/${concern.namespace}`);
    if (rollouts === 'tooMany') return rollouts;
    return rollouts.filter((each) => isConcerned(each, concern));
  };
}

function isConcerned({ key, managed }: Recorded, concern: Exclude<Concern, { key: unknown }>) {
  if ('namedIn' in concern) return concern.namedIn.startsWith(`${key.name}-`);
  const { kind, object } = concern.referTo;
  return isAmong(managed, kind, object);
}

async function read(store: World['store'], cluster: string, namespace: string) {
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
