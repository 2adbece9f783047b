import type {
  LabelSelector,
  OwnerReference,
  PodTemplateSpec,
  ReplicaSet,
} from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import { hashLabel } from '../../model/names.ts';

/** What a ReplicaSet is made of, whoever owns it. */
export type Parts = {
  name: string;
  namespace: string;
  annotations: Record<string, string>;
  owner: OwnerReference;
  minReadySeconds: number | undefined;
  selector: LabelSelector | undefined;
  template: PodTemplateSpec;
  /** Of the template: label and selector have it. */
  hash: string;
};

/** At size 0. Its labels are those of its pods. */
export function buildReplicaSet(parts: Parts): ReplicaSet {
  const { name, namespace, annotations, owner, minReadySeconds, template, hash } = parts;
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const matchLabels = { ...parts.selector?.matchLabels, [hashLabel]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, namespace, labels, annotations, ownerReferences: [owner] },
    spec: {
      replicas: 0,
      ...defined({ minReadySeconds }),
      selector: { ...parts.selector, matchLabels },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}
