import type { CanaryStep } from '../../model/argo.generated.ts';
import type { StepKind } from './stepKind.ts';

// What a step can do that this version of Serin does not carry out yet.

const fine: StepKind['validate'] = () => [];

export const later: StepKind[] = [laterKind('plugin', fine)];

function laterKind(field: keyof CanaryStep, validate: StepKind['validate']): StepKind {
  return { field, validate, text: () => field };
}
