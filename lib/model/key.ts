/** Which rollout something concerns. An event becomes a key and nothing more. */
export type RolloutKey = { cluster: string; namespace: string; name: string };

/** `cluster/namespace/name`, for logs and map keys. */
export function keyText(key: RolloutKey): string {
  return `${key.cluster}/${key.namespace}/${key.name}`;
}
