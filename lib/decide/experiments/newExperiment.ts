import type {
  Experiment,
  ExperimentAnalysisTemplateRef,
  ReplicaSet,
  RolloutExperimentStep,
  RolloutExperimentTemplate,
  TemplateSpec,
} from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import {
  freeName,
  hashLabel,
  instanceIdLabel,
  revisionAnnotation,
  rolloutApiVersion,
} from '../../model/names.ts';
import { nameOf, ownerReference, podHashOf } from '../../model/workload.ts';
import { givenArguments } from '../analysis/arguments.ts';
import { experimentsOf } from '../release/experiments.ts';
import { currentHash, type Release } from '../release/release.ts';
import { currentStep } from '../steps/steps.ts';

// The Experiment of a step. argo v1.10.1 rollout/experiment.go GetExperimentFromTemplate

export type Sides = { canary: ReplicaSet; stable: ReplicaSet };
type Place = { index: number; revision: number };

/** What is wrong with what the step at hand gives to its Experiment. */
export function experimentFault(release: Release): string | undefined {
  const { current: canary, stable, rollout } = release;
  const step = currentStep(rollout)?.experiment;
  if (!step || !canary || !stable) return undefined;
  const given = givenAnalyses(release, step, { canary, stable });
  return 'fault' in given ? given.fault : undefined;
}

/** Or why there can be none. */
export function newExperiment(
  release: Release,
  step: RolloutExperimentStep,
  sides: Sides,
  { index, revision }: Place,
): { experiment: Experiment } | { fault: string } {
  const { rollout } = release;
  const { metadata = {}, spec = {} } = rollout;
  const hash = currentHash(release);
  const analyses = givenAnalyses(release, step, sides);
  if ('fault' in analyses) return analyses;
  const { duration, dryRun, analysisRunMetadata, scaleDownDelaySeconds } = step;
  const { progressDeadlineSeconds } = spec;
  const instanceId = metadata.labels?.[instanceIdLabel];
  return {
    experiment: {
      apiVersion: rolloutApiVersion,
      kind: 'Experiment',
      metadata: {
        name: freeName(`${nameOf(rollout)}-${hash}-${revision}-${index}`, takenNames(release), '-'),
        namespace: metadata.namespace ?? 'default',
        labels: {
          ...metadata.labels,
          [hashLabel]: hash,
          ...(instanceId && { [instanceIdLabel]: instanceId }),
        },
        annotations: { [revisionAnnotation]: String(revision) },
        ownerReferences: [ownerReference('Rollout', rollout)],
      },
      spec: {
        templates: (step.templates ?? []).map((each) => templateFrom(each, sides)),
        ...defined({ duration, progressDeadlineSeconds, dryRun }),
        ...defined({ analysisRunMetadata, scaleDownDelaySeconds }),
        ...(analyses.list.length > 0 && { analyses: analyses.list }),
      },
    },
  };
}

/** The pods of a version, told apart by what the step gives to them. */
function templateFrom(
  { name, specRef, replicas, weight, service, selector, metadata }: RolloutExperimentTemplate,
  sides: Sides,
): TemplateSpec {
  const { spec = {} } = specRef === 'stable' ? sides.stable : sides.canary;
  const pods = spec.template ?? {};
  const chosen = selector ?? spec.selector ?? {};
  const { labels, annotations } = metadata ?? {};
  const isLed = weight !== undefined || service !== undefined;
  return {
    ...{ name, ...defined({ replicas }) },
    ...(spec.minReadySeconds && { minReadySeconds: spec.minReadySeconds }),
    selector: labels ? { ...chosen, matchLabels: { ...chosen.matchLabels, ...labels } } : chosen,
    template: {
      ...pods,
      metadata: {
        ...pods.metadata,
        ...(labels && { labels: { ...pods.metadata?.labels, ...labels } }),
        ...(annotations && { annotations: { ...pods.metadata?.annotations, ...annotations } }),
      },
    },
    ...(isLed && { service: service?.name ? { name: service.name } : {} }),
  };
}

function givenAnalyses(
  { rollout }: Release,
  { analyses = [] }: RolloutExperimentStep,
  { canary, stable }: Sides,
): { list: ExperimentAnalysisTemplateRef[] } | { fault: string } {
  const hashes = { stable: podHashOf(stable), latest: podHashOf(canary) };
  const list: ExperimentAnalysisTemplateRef[] = [];
  for (const { args = [], ...analysis } of analyses) {
    const given = givenArguments(args, rollout, hashes);
    if ('fault' in given) return { fault: `its analysis ${analysis.name} ${given.fault}` };
    list.push({ ...analysis, ...(given.args.length > 0 && { args: given.args }) });
  }
  return { list };
}

function takenNames(release: Release): string[] {
  return [...experimentsOf(release).map(nameOf), ...(release.observed.experiments?.taken ?? [])];
}
