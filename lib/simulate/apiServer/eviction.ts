import { Conflict } from '../../errors.ts';
import { parseSelector, selects } from '../../kubernetes/selectors.ts';
import type { Pod } from '../../model/argo.generated.ts';
import type { SelectorText } from '../../world.ts';
import { isTrue } from '../controllers/podStatus.ts';
import type { Writer } from './managedFields.ts';
import type { Objects } from './objects.ts';

/** As much of a PodDisruptionBudget as decides whether a pod may be evicted. */
export type DisruptionBudget = { namespace: string; selector: SelectorText; minAvailable: number };

export type Eviction = { namespace: string; name: string; uid: string };

/** Deletes the pod unless a budget would be broken by it; says whether it did. */
export function evictPod(
  objects: Objects,
  budgets: readonly DisruptionBudget[],
  target: Eviction,
  writer: Writer,
): boolean {
  const pod = objects.get('Pod', target.namespace, target.name);
  if (pod.metadata?.uid !== target.uid) {
    throw new Conflict(`pods "${target.name}": uid is ${pod.metadata?.uid}, not ${target.uid}`);
  }
  const isAllowed = budgets
    .filter((budget) => budget.namespace === target.namespace && isSelected(budget, pod))
    .every((budget) => pod.status?.phase === 'Pending' || leavesEnough(objects, budget, pod));
  if (isAllowed) objects.remove('Pod', target, writer);
  return isAllowed;
}

function isSelected(budget: DisruptionBudget, pod: Pod): boolean {
  return selects(parseSelector(budget.selector), pod.metadata?.labels ?? {});
}

function leavesEnough(objects: Objects, budget: DisruptionBudget, pod: Pod): boolean {
  const healthy = objects
    .list('Pod', budget.namespace, budget.selector)
    .filter((other) => isHealthy(other)).length;
  // One that is not ready takes nothing away, but it must wait until the others suffice.
  return healthy - (isHealthy(pod) ? 1 : 0) >= budget.minAvailable;
}

function isHealthy(pod: Pod): boolean {
  return isTrue(pod.status, 'Ready') && pod.metadata?.deletionTimestamp === undefined;
}
