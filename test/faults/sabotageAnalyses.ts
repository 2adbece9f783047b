import type { Sabotage } from './plant.ts';

// Bugs of a rollout with analyses: analyses.ts finds them.

const bugs: Sabotage[] = [
  {
    name: 'runs that nobody needs go on',
    file: 'lib/decide/analysis/runs.ts',
    find: 'if (isEnded(run) || run.spec?.terminate || run.metadata?.deletionTimestamp) return [];',
    replace: 'if (run.metadata) return [];',
  },
  {
    name: 'the switch does not wait for the analysis before it',
    file: 'lib/decide/strategy/cutover.ts',
    find: "if (!isPrePromotionDone(release)) return 'stays';",
    replace: '',
  },
  {
    name: 'a version is promoted before the analysis after its switch has ended',
    file: 'lib/decide/strategy/blueGreen.ts',
    find: "return isPostPromotionDone(release) ? 'Completed blue-green update' : undefined;",
    replace: "return 'Completed blue-green update';",
  },
  {
    name: 'runs of versions that are gone are kept',
    file: 'lib/decide/analysis/history.ts',
    find: '...runs.filter((run) => !isOfVersion(run)),',
    replace: '',
  },
  {
    name: 'a step goes on before its analysis has ended',
    file: 'lib/decide/steps/analysis.ts',
    find: "run: { isDone: (release) => phaseOf(currentRun(release, 'Step')) === 'Successful' },",
    replace: "run: { isDone: (release) => phaseOf(currentRun(release, 'Step')) !== 'Failed' },",
  },
  {
    name: 'a failed analysis aborts nothing',
    file: 'lib/decide/analysis/outcome.ts',
    find: 'if (failed) return { failed: { ...failed, message: messageOf(failed) } };',
    replace: '',
  },
  {
    name: 'a run is begun once more where its creation was not noted',
    file: 'lib/decide/analysis/runs.ts',
    find: 'if (earlier) return { type, run: earlier };',
    replace: '',
  },
  {
    name: 'one failure more than the limit is allowed',
    file: 'lib/decide/analysisRun/assess.ts',
    find: 'if (limits.failures < 0 || failed <= limits.failures) return undefined;',
    replace: 'if (limits.failures < 0 || failed <= limits.failures + 1) return undefined;',
  },
  {
    name: 'a metric is measured again without its interval',
    file: 'lib/decide/analysisRun/due.ts',
    find: '? fromTime(last.finishedAt) + intervalMs',
    replace: '? fromTime(last.finishedAt)',
  },
  {
    name: 'an error is counted as a measurement',
    file: 'lib/decide/analysisRun/results.ts',
    find: 'return { ...result, ...errors, consecutiveSuccess: 0 };',
    replace: 'return { ...next, ...errors };',
  },
  {
    name: 'what is neither good nor bad is good',
    file: 'lib/decide/analysisRun/judge.ts',
    find: "return { phase: success ? 'Successful' : 'Inconclusive' };",
    replace: "return { phase: 'Successful' };",
  },
  {
    name: 'a run that has ended is measured on',
    file: 'lib/decide/analysisRun/gathered.ts',
    find: "if (isEnded(status.phase)) return { is: 'ended', status };",
    replace: '',
  },
];

export const analysisSabotages = bugs.map((bug): Sabotage => ({ ...bug, met: 'analysed' }));
