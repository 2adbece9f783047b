import type { LabelSelector, Rollout } from '../../model/argo.generated.ts';
import type { WorkloadKind } from '../../model/kinds.ts';
import { workloadGenerationAnnotation } from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import { type MergePatch, refOf, type Write } from '../../model/plan.ts';
import {
  generationOf,
  templateOf,
  type Workload,
  type WorkloadObject,
} from '../../model/reference.ts';
import { annotationOf } from '../../model/workload.ts';

// A rollout whose template is that of another object, which spec.workloadRef names.

/**
 * The rollout as if the workload's template, and its selector unless it has one of its own, were written
 * in its spec: nothing that follows needs to tell the two apart.
 * argo v1.10.1 rollout/templateref.go Resolve
 */
export function resolved(
  rollout: Rollout,
  kind: WorkloadKind,
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
      kind,
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
