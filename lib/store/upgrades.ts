import { defined } from '../model/defined.ts';
import type { ObjectRef, WorkloadKind } from '../model/kinds.ts';
import type { RolloutRecord } from '../model/record.ts';

/** What is stored of a record or a document, beside the attributes of its item. */
type Body = Record<string, unknown>;

/** From each schema to the next: docs/adr/0040-what-is-told-lies-in-the-record.md */
export const recordUpgrades: Record<number, (body: Body) => Body> = {
  1: ({ pending, services, workloadRef, claim, rival, ...body }) => {
    const managed = managedIn(body as Pick<RolloutRecord, 'key'>, { services, workloadRef });
    return {
      ...body,
      ...(Array.isArray(pending) && { outbox: pending.map((ledger) => ({ ledger })) }),
      ...(managed.length > 0 && { managed }),
      ...defined({ lease: claim, conflictingController: rival }),
    };
  },
};

/** Of documents of all kinds, each of which leaves the others as they are. */
export const documentUpgrades: Record<number, (body: Body) => Body> = {
  1: ({ doorbell, ...body }) => {
    if (doorbell === undefined) return body;
    const { rings, ...kept } = doorbell as Body;
    return { ...body, doorbell: { ...kept, webhookEnabled: rings } };
  },
};

function managedIn(
  { key: { namespace } }: Pick<RolloutRecord, 'key'>,
  { services, workloadRef }: Body,
): ObjectRef[] {
  const names = (services ?? []) as string[];
  const workload = workloadRef as { kind: WorkloadKind; name: string } | undefined;
  return [
    ...names.map((name) => ({ kind: 'Service' as const, namespace, name })),
    ...(workload ? [{ kind: workload.kind, namespace, name: workload.name }] : []),
  ];
}
