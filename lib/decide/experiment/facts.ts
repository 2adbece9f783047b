import type {
  AnalysisRun,
  AnalysisTemplateSpec,
  Experiment,
  ExperimentStatus,
  ReplicaSet,
  Rollout,
  Service,
  TemplateSpec,
} from '../../model/argo.generated.ts';
import type { Key } from '../../model/key.ts';
import { experimentTemplateAnnotation, hashLabel } from '../../model/names.ts';
import type { AnyPlan } from '../../model/plan.ts';
import type { Envelope } from '../../model/record.ts';
import type { Millis } from '../../model/units.ts';
import { annotationOf, isControlledBy, nameOf, uidOf } from '../../model/workload.ts';

/** Everything one turn of an Experiment knows. */
export type ObservedExperiment = {
  key: Key;
  experiment: Experiment;
  /** By the name of the template: the object that has the name of its ReplicaSet, whoever owns it. */
  sets: ReadonlyMap<string, ReplicaSet>;
  /** By the name of the template: the object that has the name of its Service. */
  services: ReadonlyMap<string, Service>;
  /** By the name of the analysis. */
  analyses: ReadonlyMap<string, ObservedRun>;
  /** The Rollout that it is a step of, where that may still send requests to its pods. */
  rollout?: Rollout;
  record?: Envelope;
  instanceId: string;
  doorbell: boolean;
};

/** An analysis that has a run, or one that is still to be begun. */
export type ObservedRun = {
  run?: AnalysisRun;
  /** What its templates are; absent once it has a run. */
  templates?: AnalysisTemplateSpec[];
  /** What is wrong with them. */
  fault?: string;
  /** Names that are taken by others. */
  taken: string[];
};

export type ExperimentPlan = AnyPlan & { status: ExperimentStatus };

/** What each part of a turn goes by. `status` is as observed. */
export type Facts = {
  now: Millis;
  observed: ObservedExperiment;
  experiment: Experiment;
  status: ExperimentStatus;
  /** Nothing more is begun, its pods go and its runs end. */
  isEnding: boolean;
};

/** What an object of another one may be told by: two templates may ask for one name. */
export function isOfTemplate(
  object: Parameters<typeof nameOf>[0],
  { name }: TemplateSpec,
): boolean {
  return annotationOf(object, experimentTemplateAnnotation) === name;
}

export function isOwn(experiment: Experiment, object: Parameters<typeof nameOf>[0]): boolean {
  return isControlledBy(object, uidOf(experiment));
}

/** argo v1.10.1 experiments/replicaset.go newReplicaSetFromTemplate */
export function setNameOf(experiment: Experiment, { name }: TemplateSpec): string {
  return `${nameOf(experiment)}-${name}`;
}

/** Undefined where its template asks for none. */
export function serviceNameOf(experiment: Experiment, template: TemplateSpec): string | undefined {
  return template.service && (template.service.name || setNameOf(experiment, template));
}

/** What the pods of a template are told apart by is put there, and not part of it. */
export function withoutHash({
  template = {},
}: TemplateSpec): NonNullable<TemplateSpec['template']> {
  const { [hashLabel]: found, ...labels } = template.metadata?.labels ?? {};
  return found === undefined
    ? template
    : { ...template, metadata: { ...template.metadata, labels } };
}
