import type { Sabotage } from './plant.ts';

// Bugs of Experiments, their own and of the rollout whose step they are: experiments.ts finds them.

const bugs: Sabotage[] = [
  {
    name: 'a step goes on before its Experiment has ended',
    file: 'lib/decide/steps/experiment.ts',
    find: "return phaseOf(found) === 'Successful' || isPassedOver(found, release.status);",
    replace: "return phaseOf(found) !== 'Failed' || isPassedOver(found, release.status);",
  },
  {
    name: 'an Experiment that the release does not need goes on',
    file: 'lib/decide/experiments/runs.ts',
    find: 'if (isEnded(experiment) || spec?.terminate || metadata?.deletionTimestamp) return [];',
    replace: 'if (isEnded(experiment) || spec || metadata) return [];',
  },
  {
    name: 'a failed Experiment aborts nothing',
    file: 'lib/decide/experiments/outcome.ts',
    find: "if (phase === 'Failed' || phase === 'Error') {",
    replace: "if (phase === 'Error') {",
  },
  {
    name: 'pods of an Experiment that is over stay',
    file: 'lib/decide/experiment/templates.ts',
    find: 'const isKept = wanted === 0 && at !== undefined && at > facts.now;',
    replace: 'const isKept = wanted === 0 && at !== undefined;',
  },
  {
    name: 'an Experiment ends before its time',
    file: 'lib/decide/experiment/ending.ts',
    find: 'fromTime(status.availableAt) + durationMs;',
    replace: 'fromTime(status.availableAt) + durationMs / 2;',
  },
  {
    name: 'an Experiment whose analysis was never begun is looked at with each list',
    file: 'lib/reconcile/resyncRuns.ts',
    find: "each.analysisRun !== '' && !isEnded(each.phase)",
    replace: '!isEnded(each.phase)',
  },
];

export const experimentSabotages = bugs.map((bug): Sabotage => ({ ...bug, met: 'experiments' }));
