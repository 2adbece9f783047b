import type { ObjectMeta, Pod, PodTemplateSpec } from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import { type Kind, typeMetaOf } from '../../model/kinds.ts';

/** What a controller makes of the template of an object of its kind. */
export function podOf(
  kind: Kind,
  { metadata: owner = {} }: { metadata?: ObjectMeta },
  template: PodTemplateSpec | undefined,
): Pod {
  const { namespace = 'default', name = '', uid = '' } = owner;
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  const reference = { ...typeMetaOf(kind), name, uid };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...{ generateName: `${name}-`, namespace },
      ...defined({ labels, annotations, finalizers }),
      ownerReferences: [{ ...reference, controller: true, blockOwnerDeletion: true }],
    },
    ...defined({ spec: template?.spec }),
  };
}
