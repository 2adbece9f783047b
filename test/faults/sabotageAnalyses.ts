import type { Sabotage } from './plant.ts';

// Bugs of a rollout with analyses: analyses.ts finds them.

export const analysisSabotages: Sabotage[] = [
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
];
