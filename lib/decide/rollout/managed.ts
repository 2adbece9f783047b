import type { ObjectRef } from '../../model/kinds.ts';
import type { Observed } from '../../model/observed.ts';
import { namedBy } from '../../model/reference.ts';
import { nameOf } from '../../model/workload.ts';
import { formerServices } from '../strategy/services.ts';

/** The objects that concern a rollout: those it names, and the Services that are still to be given back. */
export function managedBy(observed: Observed): ObjectRef[] {
  const { rollout, workload, key } = observed;
  const { namespace } = key;
  const source = workload && { kind: workload.kind, namespace, name: nameOf(workload.object) };
  const former = formerServices(observed).map((service): ObjectRef => {
    return { kind: 'Service', namespace, name: nameOf(service) };
  });
  // Where its workload was found, the rollout is seen with that one's template and names it no more.
  return [...namedBy(rollout, namespace), ...former, ...(source ? [source] : [])];
}
