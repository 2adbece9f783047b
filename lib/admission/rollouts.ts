import { cache } from '../cache.ts';
import type { Key } from '../model/key.ts';
import { type Millis, secondMs } from '../model/units.ts';
import { isAmong } from '../queue/keys.ts';
import { type Recorded, recordedIn } from '../queue/managers.ts';
import type { World } from '../world.ts';
import type { Concern } from './changeNotice.ts';

/** How long what the table said of a namespace is believed: many workloads change at once. */
const lifeMs: Millis = 2 * secondMs;
const namespacesMax = 200;

export type Concerned = { key: Key; uid?: string };
/** `tooMany`: more than one request can look through. */
export type FindRollouts = (cluster: string, concern: Concern) => Promise<Concerned[] | 'tooMany'>;

/** Finds the rollouts a notice concerns in the table: no call to any cluster. */
export function rolloutFinder({ clock, store }: Pick<World, 'clock' | 'store'>): FindRollouts {
  const recorded = cache<Recorded[] | 'tooMany'>({
    ...{ now: clock.now, lifeMs, max: namespacesMax },
    read: (id) => {
      const [cluster = '', namespace = ''] = id.split('/');
      return recordedIn(store, cluster, namespace);
    },
  });
  return async (cluster, concern) => {
    if ('keys' in concern) return concern.keys.map((key) => ({ key }));
    const { value: rollouts } = await recorded(`${cluster}/${concern.namespace}`);
    if (rollouts === 'tooMany') return rollouts;
    return rollouts.filter((each) => isConcerned(each, concern));
  };
}

function isConcerned({ managed }: Recorded, concern: Exclude<Concern, { keys: unknown }>) {
  const { kind, object } = concern.referTo;
  return isAmong(managed, kind, object);
}
