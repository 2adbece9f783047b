import type { Rollout, Service } from '../../model/argo.generated.ts';
import type { ObjectRef } from '../../model/kinds.ts';
import { managedByAnnotation } from '../../model/names.ts';
import { refOf, type Write } from '../../model/plan.ts';
import { type Answers, type Need, okOf } from '../../model/reads.ts';
import type { RolloutRecord } from '../../model/record.ts';
import { givenBack } from '../../model/reference.ts';
import { annotationOf } from '../../model/workload.ts';
import { withRouting, writesFor } from '../traffic/givenBack.ts';
import { needsIn } from '../traffic/routed.ts';

// What is left to do for a rollout that is gone: its Services and the objects of its routers are as they were
// before it, whoever runs the pods that they lead to.

/** What is read before that is done. */
export function cleanupNeeds(record: RolloutRecord, answers: Answers): Need[] {
  const services = servicesIn(record).map((object): Need => ({ read: { object }, bears: 'none' }));
  const routes = routedBefore(record).flatMap((rollout) => needsIn(rollout, answers));
  // What cannot be read now may be later; what may not be read is left to whoever forbids it.
  return [...services, ...routes.map(({ read }): Need => ({ read, bears: 'lasting' }))];
}

export function cleanup(record: RolloutRecord, answers: Answers): Write[] {
  const services = servicesIn(record).map((ref) => okOf(answers.object(ref)));
  const found = services.filter((service) => service !== undefined);
  return [
    ...routedBefore(record).flatMap((rollout) => writesFor(rollout, answers)),
    ...freeServices(record.key.name, found),
  ];
}

/** They lead to all their pods again. argo v1.10.1 service/service.go */
export function freeServices(name: string, services: Service[]): Write[] {
  return services.flatMap((service): Write[] =>
    annotationOf(service, managedByAnnotation) === name
      ? [{ phase: 'prune', do: 'patch', ref: refOf('Service', service), patch: givenBack }]
      : [],
  );
}

function servicesIn({ managed = [] }: RolloutRecord): ObjectRef<'Service'>[] {
  return managed.filter((ref): ref is ObjectRef<'Service'> => ref.kind === 'Service');
}

/** The rollout as it was, with each of the routings that it had. */
function routedBefore({ key, progress, routes }: RolloutRecord): Rollout[] {
  const { name, namespace } = key;
  const rollout: Rollout = {
    metadata: { name, namespace, ...(progress && { uid: progress.uid }) },
  };
  return (routes?.routings ?? []).map((routing) => withRouting(rollout, routing));
}
