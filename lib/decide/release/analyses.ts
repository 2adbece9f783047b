import type {
  AnalysisRunArgument,
  CanaryStep,
  Rollout,
  RolloutAnalysis,
  RolloutStatus,
} from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';

// The analyses that a rollout's spec asks for: which they are, and which of them is to go on now.

/** The label `rollout-type` of a run. argo v1.10.1 pkg/apis/rollouts/v1alpha1/types.go */
export type AnalysisType = 'Step' | 'Background' | 'PrePromotion' | 'PostPromotion';

export type Analysis = {
  type: AnalysisType;
  /** Of its field. */
  path: string;
  given: RolloutAnalysis;
  /** Of its step. */
  index?: number;
};

/** Those with templates: of others there is no run. */
export function analysesOf({ spec }: Rollout): Analysis[] {
  const { canary, blueGreen } = spec?.strategy ?? {};
  const steps = (canary?.steps ?? []).map((step, index) => ofStep(step, index));
  const found = [
    ...steps,
    named('Background', 'spec.strategy.canary.analysis', canary?.analysis),
    named(
      'PrePromotion',
      'spec.strategy.blueGreen.prePromotionAnalysis',
      blueGreen?.prePromotionAnalysis,
    ),
    named(
      'PostPromotion',
      'spec.strategy.blueGreen.postPromotionAnalysis',
      blueGreen?.postPromotionAnalysis,
    ),
  ];
  return found.filter((each) => each !== undefined);
}

function ofStep({ analysis }: CanaryStep, index: number): Analysis | undefined {
  const found = named('Step', `spec.strategy.canary.steps[${index}].analysis`, analysis);
  return found && { ...found, index };
}

function named(
  type: AnalysisType,
  path: string,
  given: RolloutAnalysis | undefined,
): Analysis | undefined {
  return given?.templates?.length ? { type, path, given } : undefined;
}

/** Whether the background analysis waits for a later step. argo v1.10.1 utils/replicaset/canary.go */
export function isBeforeStart(rollout: Rollout, { currentStepIndex = 0 }: RolloutStatus): boolean {
  const { analysis, steps = [] } = rollout.spec?.strategy?.canary ?? {};
  if (currentStepIndex >= steps.length) return false;
  return currentStepIndex < (analysis?.startingStep ?? 0);
}

/** Experiments and analyses take as long as they take, and the progress deadline does not run. */
export function isJudgingStep(step: CanaryStep | undefined): boolean {
  return step?.analysis !== undefined || step?.experiment !== undefined;
}

/** The metadata that an argument may name: what the downward API has. */
const metadataFields =
  /^metadata(\.(name|namespace|uid|labels|annotations)|\.(labels|annotations)\['.*'\])$/;

/** What is wrong with an analysis whatever its templates say; `path` is its field. */
export function givenFaults(
  { templates = [], args = [] }: RolloutAnalysis,
  path: string,
): FieldError[] {
  const missing =
    templates.length > 0 ? [] : fieldError(`${path}.templates`, 'must name at least one template');
  return [...missing, ...argumentFaults(args, path)];
}

/** argo v1.10.1 pkg/apis/rollouts/validation/validation.go */
export function argumentFaults(args: AnalysisRunArgument[], path: string): FieldError[] {
  return args.flatMap(({ valueFrom }, index) => {
    const { fieldPath = '' } = valueFrom?.fieldRef ?? {};
    if (!fieldPath.startsWith('metadata') || metadataFields.test(fieldPath)) return [];
    const message =
      'must be metadata.name, namespace, uid, labels, annotations, or one of those in brackets, ' +
      `e.g. metadata.labels['app'], not ${fieldPath}`;
    return fieldError(`${path}.args[${index}].valueFrom.fieldRef.fieldPath`, message);
  });
}
