import type { LabelSelector, Rollout } from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';
import { hashLabel } from '../../model/names.ts';
import { isMatch } from './selector.ts';

const why = 'Kubernetes refuses a ReplicaSet whose selector does not find its pods';

/**
 * Labels of a role that the selector does not let a pod have. Said before a release, and no fault that
 * `validate` finds: Argo takes such a spec, and runs it until a ReplicaSet is to have that role.
 * argo v1.10.1 pkg/apis/rollouts/validation/validation.go
 */
export function roleFaults({ spec = {} }: Rollout): FieldError[] {
  const { canary, blueGreen } = spec.strategy ?? {};
  const roles = {
    'canary.canaryMetadata': canary?.canaryMetadata,
    'canary.stableMetadata': canary?.stableMetadata,
    'blueGreen.activeMetadata': blueGreen?.activeMetadata,
    'blueGreen.previewMetadata': blueGreen?.previewMetadata,
  };
  return Object.entries(roles).flatMap(([role, metadata]) =>
    Object.entries(metadata?.labels ?? {}).flatMap(([key, value]) => {
      const wanted = key === hashLabel ? onlyOwn : wantedOf(spec.selector, key, value);
      const path = `spec.strategy.${role}.labels[${key}]`;
      return wanted === undefined ? [] : fieldError(path, `must ${wanted}: ${why}`);
    }),
  );
}

const onlyOwn = 'be left out, since each version gets its own';

/** What is to be done about a label, if the selector is against it. */
function wantedOf(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector = {},
  key: string,
  value: string,
): string | undefined {
  const asked = Object.hasOwn(matchLabels, key) ? matchLabels[key] : value;
  if (asked !== value) return `be ${asked}, which spec.selector asks for, or be left out`;
  const index = matchExpressions.findIndex(
    (each) => each.key === key && isMatch(each, value) === false,
  );
  if (index < 0) return undefined;
  return `match spec.selector.matchExpressions[${index}], which ${value} does not, or be left out`;
}
