import type { Service } from '../../model/argo.generated.ts';
import type { ObjectRef } from '../../model/kinds.ts';
import { managedByAnnotation } from '../../model/names.ts';
import { refOf, type Write } from '../../model/plan.ts';
import type { RolloutRecord } from '../../model/record.ts';
import { givenBack } from '../../model/reference.ts';
import { annotationOf } from '../../model/workload.ts';

/** What is read before what is left is done. */
export function servicesIn({
  managed = [],
}: Pick<RolloutRecord, 'managed'>): ObjectRef<'Service'>[] {
  return managed.filter((ref): ref is ObjectRef<'Service'> => ref.kind === 'Service');
}

/**
 * What is left to do for a rollout that is gone: its Services lead to all their pods again, whoever runs
 * those. argo v1.10.1 service/service.go
 */
export function cleanup(name: string, services: Service[]): Write[] {
  return services.flatMap((service): Write[] =>
    annotationOf(service, managedByAnnotation) === name
      ? [{ phase: 'prune', do: 'patch', ref: refOf('Service', service), patch: givenBack }]
      : [],
  );
}
