import type { CanaryStep } from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';
import type { StepKind } from './stepKind.ts';

// What a step can do that this version of Serin does not carry out yet.

const routed: StepKind['validate'] = (_given, path, { trafficRouting }): FieldError[] =>
  trafficRouting ? [] : fieldError(path, 'works only with trafficRouting');

const fine: StepKind['validate'] = () => [];

export const later: StepKind[] = [
  laterKind('experiment', fine),
  laterKind('analysis', fine),
  laterKind('setCanaryScale', routed),
  laterKind('setHeaderRoute', routed),
  laterKind('setMirrorRoute', routed),
  laterKind('plugin', fine),
];

function laterKind(field: keyof CanaryStep, validate: StepKind['validate']): StepKind {
  return { field, validate, text: () => field };
}
