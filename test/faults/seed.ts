import { createHash } from 'node:crypto';
import { serviceNames as serviceNamesOf } from '../../lib/model/reference.ts';
import type { FaultName } from '../../lib/simulate/faults/faults.ts';
import { addService, addWorkload, perform, resetCommands, serviceNames } from './acts.ts';
import { addAnalyses, isAnalysed } from './analyses.ts';
import { balancedScenario, runReleases } from './balanced.ts';
import { settle } from './calm.ts';
import { judgeDelays, type WeatherDelay } from './delays.ts';
import { watchDue } from './due.ts';
import { hasExperiments } from './experiments.ts';
import { isBalanced } from './isBalanced.ts';
import { addRouters } from './routerObjects.ts';
import { scenarioOf } from './scenario.ts';
import { manifest, openStage, type Stage } from './stage.ts';
import type { Violation } from './watchdog.ts';

export type SeedResult = {
  seed: number;
  violation?: Violation;
  /** Of the whole trace: the same seed has the same. */
  digest: string;
  features: Record<string, number>;
  faults: Record<FaultName, number>;
  trace: string[];
  virtualMs: number;
  delays: WeatherDelay[];
};

const eventsMax = 200_000;

/** One run, of a kind that the seed says. */
export async function runSeed(seed: number): Promise<SeedResult> {
  resetCommands();
  const stage = openStage(isBalanced(seed) ? balancedScenario(seed) : scenarioOf(seed));
  const { clock, dog } = stage;
  const start = clock.now();
  try {
    await (isBalanced(seed) ? runReleases(stage) : runStorm(stage));
  } catch (error) {
    dog.fail(
      'no exception',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  }
  return resultOf(stage, start);
}

/** A storm with things to do, then calm. */
async function runStorm(stage: Stage): Promise<void> {
  const { clock, dog, cluster, scenario } = stage;
  const start = clock.now();
  if (serviceNamesOf(manifest(scenario)).length > 0)
    for (const name of serviceNames) addService(cluster, name);
  addRouters(cluster, scenario);
  addWorkload(stage, 'web:v1');
  addAnalyses(stage);
  cluster.apply('Rollout', manifest(scenario));
  dog.note(`SPEC ${JSON.stringify(scenario.spec)}`);
  for (const act of scenario.acts) {
    clock.schedule(start + act.at, () => perform(stage, act));
  }
  watchDue(stage);
  const isFine = () => dog.violations.length === 0;
  await clock.run({ until: start + scenario.stormMs, while: isFine, eventsMax });
  if (isFine()) await settle(stage);
}

function resultOf(stage: Stage, start: number): SeedResult {
  const { scenario, dog, faults, acted, clock } = stage;
  // How long a load balancer takes is its own affair.
  const delays = scenario.loadBalancers ? [] : judgeDelays(stage);
  const trace = [...dog.trace];
  const digest = createHash('sha256')
    .update([...trace, ...faults.trace].join('\n'))
    .digest('hex');
  const [violation] = dog.violations;
  return {
    seed: scenario.seed,
    ...(violation && { violation: { ...violation, at: violation.at - start } }),
    digest,
    features: featuresOf(scenario, [...acted, ...dog.steps.features, ...dog.experiments.features]),
    faults: { ...faults.counts },
    trace: merged(trace, faults.trace),
    virtualMs: clock.now() - start,
    delays,
  };
}

/** Both begin their lines with the time. */
function merged(...traces: (readonly string[])[]): string[] {
  return traces.flat().toSorted((a, b) => Number.parseFloat(a) - Number.parseFloat(b));
}

function featuresOf(
  { spec, doorbell, pods, workload }: ReturnType<typeof scenarioOf>,
  counted: [string, number][],
): Record<string, number> {
  const { canary = {}, blueGreen } = spec.strategy ?? {};
  const steps = canary.steps ?? [];
  const has: Record<string, boolean> = {
    'no doorbell': !doorbell,
    'absent replicas': spec.replicas === undefined,
    'no replicas': spec.replicas === 0,
    minReadySeconds: spec.minReadySeconds !== undefined,
    progressDeadlineSeconds: spec.progressDeadlineSeconds !== undefined,
    progressDeadlineAbort: spec.progressDeadlineAbort === true,
    rollbackWindow: spec.rollbackWindow !== undefined,
    revisionHistoryLimit: spec.revisionHistoryLimit !== undefined,
    'no steps': !blueGreen && steps.length === 0,
    previewService: blueGreen?.previewService !== undefined,
    previewReplicaCount: blueGreen?.previewReplicaCount !== undefined,
    'manual promotion': blueGreen?.autoPromotionEnabled === false,
    autoPromotionSeconds: blueGreen?.autoPromotionSeconds !== undefined,
    scaleDownDelaySeconds: blueGreen?.scaleDownDelaySeconds !== undefined,
    scaleDownDelayRevisionLimit: blueGreen?.scaleDownDelayRevisionLimit !== undefined,
    abortScaleDownDelaySeconds: blueGreen?.abortScaleDownDelaySeconds !== undefined,
    'activeMetadata and previewMetadata': blueGreen?.activeMetadata !== undefined,
    setWeight: steps.some((step) => step.setWeight !== undefined),
    'pause without a duration': steps.some((step) => step.pause && !step.pause.duration),
    'pause with a duration': steps.some((step) => step.pause?.duration !== undefined),
    'pause beyond the queue': steps.some((step) => step.pause?.duration === '18m'),
    'maxSurge in percent': typeof canary.maxSurge === 'string',
    'maxUnavailable in percent': typeof canary.maxUnavailable === 'string',
    'canaryMetadata and stableMetadata': canary.canaryMetadata !== undefined,
    'metadata of the template under a role': spec.template?.metadata?.labels?.role !== undefined,
    replicaProgressThreshold: canary.replicaProgressThreshold !== undefined,
    antiAffinity: canary.antiAffinity !== undefined,
    'slow pods': pods.readyMs >= 2000,
    analyses: isAnalysed(spec),
    experiments: hasExperiments(spec),
    routers: canary.trafficRouting !== undefined,
    nginx: canary.trafficRouting?.nginx !== undefined,
    istio: canary.trafficRouting?.istio !== undefined,
    'several routers': Object.keys(canary.trafficRouting ?? {})
      .join()
      .includes('istio,nginx'),
    subsets: canary.trafficRouting?.istio?.destinationRule !== undefined,
    pingPong: canary.pingPong !== undefined,
    maxTrafficWeight: canary.trafficRouting?.maxTrafficWeight !== undefined,
    dynamicStableScale: canary.dynamicStableScale === true,
    minPodsPerReplicaSet: canary.minPodsPerReplicaSet !== undefined,
    setCanaryScale: steps.some((step) => step.setCanaryScale),
    setHeaderRoute: steps.some((step) => step.setHeaderRoute),
    setMirrorRoute: steps.some((step) => step.setMirrorRoute),
    'workloadRef never': workload?.scaleDown === 'never',
    'workloadRef onsuccess': workload?.scaleDown === 'onsuccess',
    'workloadRef progressively': workload?.scaleDown === 'progressively',
  };
  const given = Object.entries(has).map(([name, isSo]) => [name, isSo ? 1 : 0] as const);
  return Object.fromEntries([...given, ...counted]);
}
