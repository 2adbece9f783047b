import type { Service } from '../../model/argo.generated.ts';
import type { ObjectRef } from '../../model/kinds.ts';
import { managedByAnnotation } from '../../model/names.ts';
import { type ListRead, type Need, okOf } from '../../model/reads.ts';
import { serviceNames } from '../../model/reference.ts';
import { annotationOf, nameOf } from '../../model/workload.ts';
import type { Gathered, Seed } from '../release/gathered.ts';

// The Services of a rollout: those it names, and those it named, which still lead where it pointed them.

export function serviceNeeds({ seed }: Gathered): Need[] {
  const reads = [...named(seed).map((object) => ({ object })), ...marked(seed)];
  return reads.map((read) => ({ read, bears: 'none' }));
}

/** By name: null where there is none. */
export function ownServices({ seed, answers }: Gathered): Record<string, Service | null> {
  const found = named(seed).map((ref) => [ref.name, okOf(answers.object(ref)) ?? null] as const);
  const names = found.map(([name]) => name);
  const former = marked(seed)
    .flatMap((read) => okOf(answers.list(read)) ?? [])
    .filter((service) => annotationOf(service, managedByAnnotation) === nameOf(seed.rollout))
    .filter((service) => !names.includes(nameOf(service)));
  return Object.fromEntries([...found, ...former.map((each) => [nameOf(each), each] as const)]);
}

function named({ key, rollout, record }: Seed): ObjectRef<'Service'>[] {
  const recorded = (record?.managed ?? []).filter(({ kind }) => kind === 'Service');
  const names = new Set([...serviceNames(rollout), ...recorded.map(({ name }) => name)]);
  return [...names].map((name) => ({ kind: 'Service', namespace: key.namespace, name }));
}

/** While nothing is known of it yet, those that it named are told by the mark they carry. */
function marked({ key, record }: Seed): ListRead<'Service'>[] {
  return record?.progress ? [] : [{ list: 'Service', namespace: key.namespace }];
}
