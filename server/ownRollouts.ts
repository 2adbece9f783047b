import type { Noticed } from '../lib/kubernetes/cache.ts';
import type { Rollout } from '../lib/model/argo.generated.ts';
import { type Key, keyText, type RolloutKey } from '../lib/model/key.ts';
import type { ObjectRef } from '../lib/model/kinds.ts';
import { instanceIdLabel } from '../lib/model/names.ts';
import { namedBy } from '../lib/model/reference.ts';
import { isAmong, itself, keyOf, ownKey } from '../lib/queue/keys.ts';

export type OwnRollouts = {
  /** Whom to wake for a change. */
  concerned: (change: Noticed) => Key[];
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
  /** One with turns of its own is of the instance that its label names; others are of what owns them. */
  const isForUs = (key: Key, { kind, object }: Noticed): boolean => {
    const own = ownKey(cluster, object, kind);
    const isItself = own !== undefined && keyText(own) === keyText(key);
    return isItself ? isOurs(object) : key.kind !== undefined || known.has(keyText(key));
  };
  return {
    concerned: (change) => {
      const { type, kind, object } = change;
      if (kind === 'Rollout') return ofRollout(type, object as Rollout);
      const keys = itself(change, cluster);
      if (keys !== 'referrers') return keys.filter((key) => isForUs(key, change));
      return [...known.values()]
        .filter(({ named }) => isAmong(named, kind, object))
        .map((each) => each.key);
    },
  };
}
