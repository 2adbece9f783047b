import { givenFaults } from '../release/analyses.ts';
import { currentRun, phaseOf } from '../release/runs.ts';
import type { StepKind } from './stepKind.ts';

/** The step is done once its run has succeeded. argo v1.10.1 rollout/canary.go completedCurrentCanaryStep */
export const analysis: StepKind<'analysis'> = {
  field: 'analysis',
  validate: givenFaults,
  text: () => 'analysis',
  run: { isDone: (release) => phaseOf(currentRun(release, 'Step')) === 'Successful' },
};
