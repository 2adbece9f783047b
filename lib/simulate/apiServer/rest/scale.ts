import type { LabelSelector } from '../../../model/argo.generated.ts';
import { defined } from '../../../model/defined.ts';
import type { AnyObject } from '../admission.ts';

/** An object as its scale subresource shows it: autoscaling/v1. */
export function scaleOf(object: AnyObject): AnyObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata ?? {};
  const { replicas } = object.spec ?? {};
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === undefined ? {} : { replicas },
    status: statusOf(object),
  };
}

function statusOf({ kind, spec = {}, status = {} }: AnyObject): { [field: string]: unknown } {
  if (kind === 'Rollout') {
    // argo v1.10.1 manifests/crds/rollout-crd.yaml names these two.
    const { HPAReplicas = 0, selector } = status;
    return { replicas: HPAReplicas, ...defined({ selector }) };
  }
  const selector = selectorText((spec.selector ?? {}) as LabelSelector);
  return { replicas: status.replicas ?? 0, ...(selector === '' ? {} : { selector }) };
}

function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const terms = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  });
  return [...equal, ...terms].join(',');
}
