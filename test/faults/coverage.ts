import type { SeedResult } from './seed.ts';

// What the runs have met, and what they were bound to meet: a check that never sees a fault proves nothing.

export type Coverage = { features: Record<string, number>; faults: Record<string, number> };

/** What people and accidents do, and what came of it, that enough seeds must have shown. */
const expected = [
  'absent replicas',
  'antiAffinity',
  'canaryMetadata and stableMetadata',
  'maxSurge in percent',
  'maxUnavailable in percent',
  'minReadySeconds',
  'no doorbell',
  'no replicas',
  'no steps',
  'pause beyond the queue',
  'pause with a duration',
  'pause without a duration',
  'progressDeadlineAbort',
  'progressDeadlineSeconds',
  'replicaProgressThreshold',
  'revisionHistoryLimit',
  'rollbackWindow',
  'setWeight',
  'slow pods',
  'workloadRef never',
  'workloadRef onsuccess',
  'workloadRef progressively',
  'workload scale',
  'workload delete',
  'workload restore',
  'Service given back',
  'Service taken',
  'workload scaled down onsuccess',
  'workload scaled down progressively',
  'workload scaled up progressively',
  'previewService',
  'previewReplicaCount',
  'manual promotion',
  'autoPromotionSeconds',
  'scaleDownDelaySeconds',
  'scaleDownDelayRevisionLimit',
  'abortScaleDownDelaySeconds',
  'activeMetadata and previewMetadata',
  'blueGreen',
  'routers',
  'nginx',
  'istio',
  'several routers',
  'subsets',
  'pingPong',
  'maxTrafficWeight',
  'dynamicStableScale',
  'minPodsPerReplicaSet',
  'setCanaryScale',
  'setHeaderRoute',
  'setMirrorRoute',
  'router delete',
  'router restore',
  'router edit',
  'webhook refuses',
  'webhook is silent',
  'unroute',
  'reroute',
  'service delete',
  'service restore',
  'service unselect',
  'traffic switched',
  'promoted: switched',
  'image',
  'image and replicas',
  'web:bad',
  'web:crash',
  'scale',
  'scale to 0',
  'steps',
  'limits',
  'minReady',
  'planRestart',
  'break',
  'break history',
  'break service',
  'mend',
  'wipe',
  'deleteSet stable',
  'deleteSet canary',
  'deleteSet older',
  'deletePod',
  'recreate',
  'rival',
  'undoer',
  'together',
  'takenBack',
  'previewAfter',
  'away',
  'drill: away',
  'drill: late',
  'drill: way back',
  'drill: without template',
  'drill: without routes',
  'epilogue: without router',
  'epilogue: gone',
  'epilogue: aborted in an experiment',
  'experiments',
  'experiment Successful',
  'plugin abort',
  'plugin pause',
  'plugin promote',
  'plugin promote --full',
  'plugin promote --skip-all-steps',
  'plugin promote --skip-current-step',
  'plugin restart',
  'plugin retry',
  'plugin undo',
  'api abort',
  'api image',
  'api pause',
  'api promote',
  'api promote full',
  'api promote skipAllSteps',
  'api promote skipCurrentStep',
  'api restart',
  'api resume',
  'api retry',
  'api undo',
  'aborted by deadline',
  'command done',
  'command expired',
  'command superseded',
  'lost status held',
  'lost status put back',
  'pause begun',
  'pause promoted',
  'promoted: a person',
  'promoted: all steps',
  'promoted: full',
  'promoted: initial deploy',
  'promoted: no steps',
  'promoted: rollback window',
  'rival met',
  'behind an ALB',
  'behind an NLB',
  'weights verified',
  'AWS throttles',
  'AWS lies',
  'status wiped',
  'stable ReplicaSet deleted',
  'timed pause cut short',
  'timed pause kept',
] as const;

/** So few seeds need not show everything. */
const seedsEnough = 200;

export function coverageOf(results: SeedResult[]): Coverage {
  const features: Record<string, number> = Object.fromEntries(expected.map((name) => [name, 0]));
  const faults: Record<string, number> = {};
  for (const result of results) {
    for (const [name, count] of Object.entries(result.features)) {
      features[name] = (features[name] ?? 0) + (count > 0 ? 1 : 0);
    }
    for (const [name, count] of Object.entries(result.faults)) {
      faults[name] = (faults[name] ?? 0) + count;
    }
  }
  return { features, faults };
}

export function missing({ features, faults }: Coverage, seeds: number): string[] {
  if (seeds < seedsEnough) return [];
  return [...Object.entries(features), ...Object.entries(faults)]
    .filter(([, count]) => count === 0)
    .map(([name]) => name);
}

const columns = 3;

export function describeCoverage({ features, faults }: Coverage): string {
  return [
    'Seeds in which it occurred:',
    ...table(features),
    'Faults, how often:',
    ...table(faults),
  ].join('\n');
}

function table(counts: Record<string, number>): string[] {
  const cells = Object.entries(counts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${String(count).padStart(6)} ${name.padEnd(34)}`);
  const rows = Math.ceil(cells.length / columns);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (__, column) => cells[column * rows + row] ?? '')
      .join('')
      .trimEnd(),
  );
}
