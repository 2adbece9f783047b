import { type ObjectRef, refText } from '../../model/kinds.ts';
import type { Observed } from '../../model/observed.ts';
import { namedBy } from '../../model/reference.ts';
import { nameOf } from '../../model/workload.ts';
import { formerServices } from '../strategy/services.ts';
import { routerObjects } from '../traffic/needs.ts';

/** The objects that concern a rollout: named by it, of its routers, its runs, and still to be given back. */
export function managedBy(observed: Observed): ObjectRef[] {
  const { rollout, workload, key } = observed;
  const { namespace } = key;
  const source = workload && { kind: workload.kind, namespace, name: nameOf(workload.object) };
  const former = formerServices(observed).map((service): ObjectRef => {
    return { kind: 'Service', namespace, name: nameOf(service) };
  });
  // Where its workload was found, the rollout is seen with that one's template and names it no more.
  const named = [...namedBy(rollout, namespace), ...former, ...(source ? [source] : [])];
  const runs = (observed.analysis?.runs ?? []).map((run): ObjectRef => {
    return { kind: 'AnalysisRun', namespace, name: nameOf(run) };
  });
  const experiments = (observed.experiments?.all ?? []).map((each): ObjectRef => {
    return { kind: 'Experiment', namespace, name: nameOf(each) };
  });
  const all = [...named, ...runs, ...experiments, ...routerObjects(observed)];
  return [...new Map(all.map((ref) => [refText(ref), ref])).values()];
}
