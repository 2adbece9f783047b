import type { LabelSelector, Rollout } from '../../model/argo.generated.ts';
import type { ObjectRef, WorkloadKind } from '../../model/kinds.ts';
import { workloadGenerationAnnotation } from '../../model/names.ts';
import { withoutNulls } from '../../model/nulls.ts';
import type { Observed } from '../../model/observed.ts';
import { perObject } from '../../model/perObject.ts';
import { type MergePatch, refOf, type Write } from '../../model/plan.ts';
import type { Need } from '../../model/reads.ts';
import {
  generationOf,
  referenceOf,
  templateOf,
  type Workload,
  type WorkloadObject,
} from '../../model/reference.ts';
import { annotationOf } from '../../model/workload.ts';
import type { Gathered, Seed } from './gathered.ts';

// A rollout whose template is that of another object, which spec.workloadRef names.

export type Source = Pick<Observed, 'rollout' | 'workload' | 'workloadFault' | 'workloadRemedy'>;

export function workloadNeeds({ seed }: Gathered): Need[] {
  const object = workloadOf(seed);
  // One that cannot be read is a fault of the spec, under which an abort is carried out all the same.
  return object ? [{ read: { object }, bears: 'lasting' }] : [];
}

function workloadOf({ rollout, key }: Seed): ObjectRef<WorkloadKind> | undefined {
  const reference = referenceOf(rollout);
  if (!reference || 'fault' in reference) return undefined;
  return { ...reference, namespace: key.namespace };
}

/** The rollout with its template, wherever that is written. Undefined until that has been read. */
export function sourceOf({
  seed,
  answers,
}: Pick<Gathered, 'seed' | 'answers'>): Source | undefined {
  const { rollout } = seed;
  const reference = referenceOf(rollout);
  if (!reference) return { rollout };
  if ('fault' in reference) return { rollout, workloadFault: reference.fault };
  const { kind, name } = reference;
  const answer = answers.object({ kind, name, namespace: seed.key.namespace });
  if (!answer) return undefined;
  if ('ok' in answer) return resolvedOf(rollout)(withoutNulls(answer.ok));
  if ('missing' in answer) {
    return { rollout, workloadFault: `names the ${kind} ${name}, which does not exist` };
  }
  const { failed, remedy } = answer;
  return {
    rollout,
    workloadFault: `names the ${kind} ${name}, which cannot be read: ${failed}`,
    ...(remedy && { workloadRemedy: remedy }),
  };
}

/** The same one with each round of reads, so that what is found out about its spec is remembered. */
const resolvedOf = perObject((rollout: Rollout) =>
  perObject((object: WorkloadObject) => resolved(rollout, object)),
);

/**
 * The rollout as if the workload's template, and its selector unless it has one of its own, were written
 * in its spec: nothing that follows needs to tell the two apart.
 * argo v1.10.1 rollout/templateref.go Resolve
 */
function resolved(
  rollout: Rollout,
  object: WorkloadObject,
): { rollout: Rollout; workload: Workload } {
  const { workloadRef, ...spec } = rollout.spec ?? {};
  const { metadata = {} } = rollout;
  const selector = spec.selector ?? selectorOf(object);
  const noted = annotationOf(rollout, workloadGenerationAnnotation);
  const annotations = {
    ...metadata.annotations,
    [workloadGenerationAnnotation]: generationOf(object),
  };
  return {
    rollout: {
      ...rollout,
      metadata: { ...metadata, annotations },
      spec: { ...spec, template: templateOf(object), ...(selector && { selector }) },
    },
    workload: {
      kind: workloadRef?.kind as WorkloadKind,
      object,
      scaleDown: workloadRef?.scaleDown || 'never',
      ...(noted !== undefined && { noted }),
    },
  };
}

function selectorOf(object: WorkloadObject): LabelSelector | undefined {
  return 'spec' in object ? object.spec?.selector : undefined;
}

/** The annotation by which others see which state of the workload was taken in; null takes it away. */
export function generationPatch(observed: Observed): Record<string, string | null> {
  const { rollout, workload, workloadFault } = observed;
  if (workloadFault !== undefined) return {};
  const wanted = workload && generationOf(workload.object);
  const noted = workload ? workload.noted : annotationOf(rollout, workloadGenerationAnnotation);
  return wanted === noted ? {} : { [workloadGenerationAnnotation]: wanted ?? null };
}

/**
 * Why no template can be changed: the one in effect is that of a workload which cannot be found, and one
 * put beside the reference would only make the spec invalid.
 */
export function templateFault({ rollout, workloadFault }: Observed): string | undefined {
  if (!rollout.spec?.workloadRef) return undefined;
  return workloadFault ?? 'stands beside spec.template; remove one of the two';
}

/** Changes the template where it is written: in the rollout, or in the workload it refers to. */
export function patchTemplate({ rollout, workload }: Observed, template: MergePatch): Write {
  if (!workload) {
    const ref = refOf('Rollout', rollout);
    return { phase: 'rollout', do: 'patch', ref, patch: { spec: { template } } };
  }
  const { kind, object } = workload;
  return {
    ...{ phase: 'rollout', do: 'patch', ref: refOf(kind, object) },
    patch: kind === 'PodTemplate' ? { template } : { spec: { template } },
  };
}
