import type { Noticed } from '../lib/kubernetes/cache.ts';
import type { Rollout } from '../lib/model/argo.generated.ts';
import { keyText, type RolloutKey } from '../lib/model/key.ts';
import type { ObjectRef } from '../lib/model/kinds.ts';
import { instanceIdLabel } from '../lib/model/names.ts';
import { namedBy } from '../lib/model/reference.ts';
import { isAmong, itself, keyOf } from '../lib/queue/keys.ts';

export type OwnRollouts = {
  /** Whom to wake for a change. */
  concerned: (change: Noticed) => RolloutKey[];
};

/**
 * The rollouts of this instance, as far as it takes to say whom a change concerns: of those that the cache
 * holds none is parsed for it.
 */
export function ownRollouts(cluster: string, instanceId: string): OwnRollouts {
  const known = new Map<string, { key: RolloutKey; named: ObjectRef[] }>();
  const isOurs = ({ metadata }: Rollout): boolean =>
    (metadata?.labels?.[instanceIdLabel] ?? '') === instanceId;
  const ofRollout = (type: Noticed['type'], rollout: Rollout): RolloutKey[] => {
    const key = keyOf(cluster, rollout, 'Rollout');
    if (key === undefined) return [];
    const text = keyText(key);
    if (type === 'DELETED') return known.delete(text) ? [key] : [];
    if (isOurs(rollout)) known.set(text, { key, named: namedBy(rollout, key.namespace) });
    else known.delete(text);
    return isOurs(rollout) ? [key] : [];
  };
  return {
    concerned: (change) => {
      const { type, kind, object } = change;
      if (kind === 'Rollout') return ofRollout(type, object as Rollout);
      const key = itself(change, cluster);
      if (key === undefined) return [];
      if (key !== 'referrers') return known.has(keyText(key)) ? [key] : [];
      return [...known.values()]
        .filter(({ named }) => isAmong(named, kind, object))
        .map((each) => each.key);
    },
  };
}
