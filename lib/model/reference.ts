import type {
  Deployment,
  PodTemplate,
  PodTemplateSpec,
  ReplicaSet,
  Rollout,
  Service,
} from './argo.generated.ts';
import { type ObjectRef, rowOf, type WorkloadKind, workloadKinds } from './kinds.ts';
import { hashLabel, managedByAnnotation } from './names.ts';
import { own } from './own.ts';

// The objects a rollout's spec refers to: its Services, and the workload whose template it takes.

/** The Services a rollout names, by the field that names them. They are read every turn. */
export function serviceFields({ spec }: Rollout): [path: string, name: string][] {
  const { canary, blueGreen } = spec?.strategy ?? {};
  const named: [string, string | undefined][] = [
    ['spec.strategy.blueGreen.activeService', blueGreen?.activeService],
    ['spec.strategy.blueGreen.previewService', blueGreen?.previewService],
    ['spec.strategy.canary.stableService', canary?.stableService],
    ['spec.strategy.canary.canaryService', canary?.canaryService],
    ['spec.strategy.canary.pingPong.pingService', canary?.pingPong?.pingService],
    ['spec.strategy.canary.pingPong.pongService', canary?.pingPong?.pongService],
  ];
  return named.flatMap(([path, name]) => (name ? [[path, name]] : []));
}

export function serviceNames(rollout: Rollout): string[] {
  return serviceFields(rollout).map(([, name]) => name);
}

/** Of the Services that were read, the one of that name; null where there is none. */
export function serviceNamed(
  { services }: { services: Record<string, Service | null> },
  name: string | undefined,
): Service | null | undefined {
  return name ? own(services, name) : undefined;
}

/** The version that a Service leads to, as a pod template hash; '' where it leads to pods of any. */
export function selectedHash(service: Service | null | undefined): string {
  return service?.spec?.selector?.[hashLabel] ?? '';
}

/** The patch that gives a Service back: it leads to all the pods that its own labels ask for again. */
export const givenBack = {
  metadata: { annotations: { [managedByAnnotation]: null } },
  spec: { selector: { [hashLabel]: null } },
};

export type WorkloadObject = Deployment | ReplicaSet | PodTemplate;

/** The workload a rollout takes its pod template from. */
export type Workload = {
  kind: WorkloadKind;
  object: WorkloadObject;
  /** What becomes of a Deployment's own pods: `never`, `onsuccess` or `progressively`. */
  scaleDown: string;
  /** The generation the rollout's annotation names; absent before it was first noted. */
  noted?: string;
};

export function templateOf(object: WorkloadObject): PodTemplateSpec {
  return ('template' in object ? object.template : 'spec' in object && object.spec?.template) || {};
}

export function generationOf({ metadata }: WorkloadObject): string {
  return String(metadata?.generation ?? 0);
}

/** The object to read the template from, or why there can be none; undefined for an inline template. */
export function referenceOf(
  rollout: Rollout,
): { kind: WorkloadKind; name: string } | { fault: string } | undefined {
  const { workloadRef: ref, template } = rollout.spec ?? {};
  // That both are there is a fault of the spec, see validate.ts.
  if (!ref || hasTemplate(template)) return undefined;
  const { apiVersion = '', name = '' } = ref;
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  const kind = workloadKinds.find((known) => known === ref.kind && rowOf(known).group === group);
  if (!kind) {
    const given = `${ref.kind ?? 'nothing'} of ${apiVersion || 'no apiVersion'}`;
    return {
      fault: `must name a Deployment or ReplicaSet of apps/v1 or a PodTemplate of v1, not ${given}`,
    };
  }
  return name === '' ? { fault: 'does not name the workload; set its name' } : { kind, name };
}

/** The objects that a rollout names: what becomes of them concerns it. */
export function namedBy(rollout: Rollout, namespace: string): ObjectRef[] {
  const services = serviceNames(rollout).map((name) => ({ kind: 'Service' as const, name }));
  const workload = referenceOf(rollout);
  const named = [...services, ...(workload && 'kind' in workload ? [workload] : [])];
  return named.map(({ kind, name }) => ({ kind, namespace, name }));
}

/** Labels or annotations make a template, as do pods. argo v1.10.1 types.go EmptyTemplate */
export function hasTemplate(template: PodTemplateSpec | undefined): boolean {
  const { metadata, spec } = template ?? {};
  const parts = [metadata?.labels, metadata?.annotations, spec];
  return parts.some((part) => Object.keys(part ?? {}).length > 0);
}
