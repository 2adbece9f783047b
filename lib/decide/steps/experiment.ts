import type { RolloutExperimentTemplate } from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';
import { parseGoDuration } from '../../model/units.ts';
import { currentExperiment, isPassedOver } from '../release/experiments.ts';
import { phaseOf } from '../release/runs.ts';
import type { StepKind } from './stepKind.ts';

/**
 * The step is done once its Experiment has succeeded, or a person goes on over one that could not tell.
 * argo v1.10.1 rollout/canary.go completedCurrentCanaryStep
 */
export const experiment: StepKind<'experiment'> = {
  field: 'experiment',
  validate: ({ templates = [], analyses = [], duration }, path) => [
    ...(templates.length > 0
      ? templates.flatMap((each, index) => templateFaults(each, `${path}.templates[${index}]`))
      : fieldError(`${path}.templates`, 'must name at least one template')),
    ...twice(templates, `${path}.templates`),
    ...twice(analyses, `${path}.analyses`),
    ...durationFaults(duration, `${path}.duration`),
  ],
  text: () => 'experiment',
  run: {
    isDone: (release) => {
      const found = currentExperiment(release);
      return phaseOf(found) === 'Successful' || isPassedOver(found, release.status);
    },
  },
};

function templateFaults(
  { name, specRef, weight = 0 }: RolloutExperimentTemplate,
  path: string,
): FieldError[] {
  const isKnown = specRef === 'canary' || specRef === 'stable';
  return [
    ...(name ? [] : fieldError(`${path}.name`, 'is missing')),
    ...(isKnown ? [] : fieldError(`${path}.specRef`, `must be canary or stable, not ${specRef}`)),
    ...(weight >= 0 ? [] : fieldError(`${path}.weight`, `must be 0 or more, not ${weight}`)),
  ];
}

function twice(all: { name: string }[], path: string): FieldError[] {
  return all.flatMap(({ name }, index) =>
    all.findIndex((each) => each.name === name) < index
      ? fieldError(`${path}[${index}].name`, `is ${name}, which one before it has already`)
      : [],
  );
}

function durationFaults(duration: string | undefined, path: string): FieldError[] {
  const isTime = !duration || (parseGoDuration(duration) ?? -1) >= 0;
  return isTime ? [] : fieldError(path, `must be a duration such as 30s or 5m, not ${duration}`);
}
