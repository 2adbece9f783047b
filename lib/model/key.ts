import type { Kind } from './kinds.ts';
import type { DeliveryKey } from './notification.ts';

/**
 * Which object something concerns: without a kind, a Rollout. An event becomes a key and nothing more.
 */
export type Key = {
  cluster: string;
  kind?: Exclude<Kind, 'Rollout'>;
  namespace: string;
  name: string;
};
export type RolloutKey = { cluster: string; kind?: never; namespace: string; name: string };

/** What the table and the queue have keys of: objects, and messages on their way to a channel. */
export type AnyKey = Key | DeliveryKey;

export function kindOf({ kind }: Pick<Key, 'kind'>): Kind {
  return kind ?? 'Rollout';
}

/** `cluster/namespace/name`, behind the kind where that is not Rollout; for logs and map keys. */
export function keyText({ cluster, kind, namespace, name }: AnyKey): string {
  const place = `${cluster}/${namespace}/${name}`;
  return kind === undefined ? place : `${kind} ${place}`;
}
