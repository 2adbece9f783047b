import type { Experiment, TemplateSpec } from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';
import { perObject } from '../../model/perObject.ts';
import { checkStructure } from '../../model/structure.ts';
import { parseGoDuration } from '../../model/units.ts';
import { deadlineSeconds } from './ending.ts';

/**
 * What is wrong with an Experiment: the peer's verdicts in our words.
 * argo v1.10.1 utils/conditions/experiments.go VerifyExperimentSpec
 */
export const experimentFaults = perObject(({ spec = {} }: Experiment): FieldError[] => {
  const mistyped = checkStructure('ExperimentSpec', spec).filter(({ kind }) => kind === 'type');
  if (mistyped.length > 0) {
    return mistyped.map(({ path, message }) => ({ path: `spec.${path}`, message }));
  }
  const { duration, templates = [], analyses = [] } = spec;
  const isTime = !duration || (parseGoDuration(duration) ?? -1) >= 0;
  return [
    ...(isTime
      ? []
      : fieldError('spec.duration', `must be a duration such as 30s or 5m, not ${duration}`)),
    ...templates.flatMap((template, index) => [
      ...templateFaults(template, `spec.templates[${index}]`, deadlineSeconds(spec)),
      ...twice(templates, index, `spec.templates[${index}].name`),
    ]),
    ...analyses.flatMap((_, index) => twice(analyses, index, `spec.analyses[${index}].name`)),
  ];
});

function templateFaults(
  { name, selector, minReadySeconds = 0 }: TemplateSpec,
  path: string,
  deadline: number,
): FieldError[] {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  const isEmpty = Object.keys(matchLabels).length + matchExpressions.length === 0;
  const labels = 'name labels of its template, e.g. matchLabels';
  return [
    ...(name ? [] : fieldError(`${path}.name`, 'is missing')),
    ...(selector ? [] : fieldError(`${path}.selector`, `is missing; ${labels}`)),
    ...(selector && isEmpty
      ? fieldError(`${path}.selector`, `is empty and would select every pod; ${labels}`)
      : []),
    ...(minReadySeconds > deadline
      ? fieldError(
          `${path}.minReadySeconds`,
          `must be at most progressDeadlineSeconds (${deadline}), not ${minReadySeconds}`,
        )
      : []),
  ];
}

function twice(all: { name: string }[], index: number, path: string): FieldError[] {
  const name = all[index]?.name;
  const isTwice = name !== '' && all.findIndex((each) => each.name === name) < index;
  return isTwice ? fieldError(path, `is ${name}, which another one before it has already`) : [];
}
