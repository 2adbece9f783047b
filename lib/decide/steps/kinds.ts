import type { CanaryStep, CanaryStrategy } from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';
import { analysis } from './analysis.ts';
import { experiment } from './experiment.ts';
import { later } from './later.ts';
import { pause } from './pause.ts';
import { setCanaryScale } from './setCanaryScale.ts';
import { setHeaderRoute } from './setHeaderRoute.ts';
import { setMirrorRoute } from './setMirrorRoute.ts';
import { setWeight } from './setWeight.ts';
import type { StepKind } from './stepKind.ts';

/** All that a step can do. A new kind is a file beside this one and a row here. */
const stepKinds = [
  setWeight,
  pause,
  setCanaryScale,
  setHeaderRoute,
  setMirrorRoute,
  analysis,
  experiment,
  ...later,
] as StepKind[];

function kindsIn(step: CanaryStep): StepKind[] {
  return stepKinds.filter(({ field }) => step[field] !== undefined && step[field] !== null);
}

/** How a step is carried out; undefined where it is not, or there is none. */
export function runOf(step: CanaryStep | undefined): StepKind['run'] {
  return step && kindsIn(step)[0]?.run;
}

/** The field that says what a step does; '' where none does. */
export function stepField(step: CanaryStep): string {
  return kindsIn(step)[0]?.field ?? Object.keys(step)[0] ?? '';
}

export function stepText(step: CanaryStep): string {
  const [kind] = kindsIn(step);
  return kind?.text(step[kind.field] ?? {}) ?? (stepField(step) || 'empty step');
}

/** The field of a step for which a rollout is left as it is. */
export function unsupportedField(step: CanaryStep): string | undefined {
  const kinds = kindsIn(step);
  return kinds.some(({ run }) => run) ? undefined : kinds[0]?.field;
}

export function validateStep(step: CanaryStep, path: string, canary: CanaryStrategy): FieldError[] {
  const kinds = kindsIn(step);
  const [kind] = kinds;
  if (!kind) {
    const fields = stepKinds.map(({ field }) => field).join(', ');
    const endless = 'a pause that only a person ends is pause: {}';
    return fieldError(path, `must be one of: ${fields}; ${endless}`);
  }
  if (kinds.length > 1) {
    const things = kinds.map(({ field }) => field).join(' and ');
    return fieldError(path, `must do one thing, not ${things}; make it ${kinds.length} steps`);
  }
  return kind.validate(step[kind.field] ?? {}, `${path}.${kind.field}`, canary);
}
