import type { Pod, RolloutStatus } from '../../lib/model/argo.generated.ts';
import { type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import { imagesOf, nameOf, podHashOf } from '../../lib/model/workload.ts';
import { randomFrom } from '../../lib/simulate/random.ts';
import { editRollout, perform } from './acts.ts';
import { isAnalysed } from './analyses.ts';
import { experimentsMs, hasExperiments } from './experiments.ts';
import { holdGauge, isMeasured } from './measured.ts';
import { leftOver } from './routes.ts';
import { isRouted } from './routing.ts';
import { isBlueGreen, templateOf } from './scenario.ts';
import { type Stage, target } from './stage.ts';

// What seldom happens to a rollout is tried at the end of a run, when it is healthy and nothing goes wrong:
// it has to become healthy again, by itself.

/** `heals` passes the time it takes; false when the run has failed meanwhile. */
export type Epilogue = (
  stage: Stage,
  heals: () => Promise<boolean>,
  pass: (spanMs: Millis) => Promise<void>,
) => Promise<void>;

/** Without a notice it is found by the next list. */
const foundMs = 11 * minuteMs;

export function epilogueOf({ scenario }: Stage): Epilogue | undefined {
  // Of its own, so that everything before it happens as it did without.
  const random = randomFrom(scenario.seed).fork('epilogue');
  const withExperiment = hasExperiments(scenario.spec) && random.fork('experiment').chance(0.6);
  if (withExperiment) return abortedExperiment;
  const isJudged = isAnalysed(scenario.spec) && isMeasured(scenario.seed);
  if (isJudged && random.fork('metric').chance(0.6)) return badMetric;
  if (isRouted(scenario.spec) && random.chance(0.3)) return random.pick(routedEpilogues);
  return random.chance(0.5) ? random.pick(epilogues) : undefined;
}

const otherStrategy: Epilogue = async (stage, heals) => {
  const { dog, scenario } = stage;
  const wasBlueGreen = isBlueGreen(scenario);
  const strategy = wasBlueGreen
    ? { blueGreen: null, canary: { steps: [{ setWeight: 50 }] } }
    : { canary: null, blueGreen: { activeService: 'active', previewService: 'preview' } };
  dog.note('EPILOGUE another strategy');
  await editRollout(stage, { strategy });
  if (!(await heals())) return;
  judgeGivenBack(stage);
  const { blueGreen, canary, currentStepIndex, currentStepHash } = dog.live()?.status ?? {};
  const left = wasBlueGreen ? { blueGreen } : { canary, currentStepIndex, currentStepHash };
  // An empty object says nothing.
  const says = (value: unknown): boolean =>
    typeof value === 'object' && value !== null
      ? Object.keys(value).length > 0
      : value !== undefined;
  const fields = Object.entries(left).filter(([, value]) => says(value));
  if (fields.length > 0) {
    dog.fail('another strategy', `left of the one before: ${JSON.stringify(fields)}`);
  }
};

/** Sets an image and asks for no step, no pause and nobody's word. */
async function setImage(stage: Stage, image: string): Promise<void> {
  const { scenario } = stage;
  const strategy = isBlueGreen(scenario)
    ? { blueGreen: { autoPromotionEnabled: null, autoPromotionSeconds: null } }
    : { canary: { steps: null } };
  await editRollout(stage, { strategy });
  await perform(stage, { do: 'image', image });
}

const editedSet: Epilogue = async (stage, heals) => {
  const { cluster, dog } = stage;
  const hash = dog.live()?.status?.currentPodHash;
  const set = dog.sets().find((each) => podHashOf(each) === hash);
  dog.note('EPILOGUE a ReplicaSet is edited');
  const containers = templateOf('web:v8').spec?.containers;
  const place = { namespace: target.namespace, name: nameOf(set ?? {}) };
  await cluster
    .as('kubectl-set')
    .patch({ kind: 'ReplicaSet', ...place }, { spec: { template: { spec: { containers } } } });
  for (const image of ['web:v8', 'web:v9']) {
    await setImage(stage, image);
    if (!(await heals())) return;
    const isOther = (pod: Pod): boolean =>
      imagesOf({ spec: pod.spec ?? { containers: [] } })[0] !== image;
    const others = cluster.read.list('Pod', target.namespace).filter(isOther);
    if (others.length > 0) {
      dog.fail('what is asked for runs', `${others.length} pods run something else than ${image}`);
    }
  }
};

const forbiddenMetadata: Epilogue = async (stage, heals) => {
  const { dog, scenario } = stage;
  const metadata = { labels: { role: 'other', tier: 'a' } };
  const strategy = isBlueGreen(scenario)
    ? { blueGreen: { activeMetadata: metadata } }
    : { canary: { stableMetadata: metadata } };
  const replicas = (dog.live()?.spec?.replicas ?? 1) + 1;
  dog.note('EPILOGUE metadata of a role is forbidden');
  dog.policy.forbidsMetadata = true;
  await editRollout(stage, { strategy, replicas });
  if (!(await heals())) return;
  dog.policy.forbidsMetadata = false;
  await heals();
};

/** Nothing that a router was told is left in its objects. */
function judgeGivenBack({ dog, scenario }: Stage): void {
  const left = leftOver(dog, scenario.spec.strategy?.canary?.pingPong !== undefined);
  if (left) dog.fail('routes are given back', `${left} is left`);
}

const withoutRouter: Epilogue = async (stage, heals) => {
  stage.dog.note('EPILOGUE no router any more');
  stage.acted.set('epilogue: without router', 1);
  await perform(stage, { do: 'unroute' });
  if (!(await heals())) return;
  judgeGivenBack(stage);
  await perform(stage, { do: 'reroute' });
  await heals();
};

const gone: Epilogue = async (stage, heals, pass) => {
  const { dog, cluster } = stage;
  dog.note('EPILOGUE the rollout is deleted');
  stage.acted.set('epilogue: gone', 1);
  const manifest = dog.live();
  cluster.deleteObject('Rollout', target.namespace, target.name);
  await pass(foundMs);
  judgeGivenBack(stage);
  const { metadata: { labels = {} } = {}, spec = {} } = manifest ?? {};
  cluster.apply('Rollout', { metadata: { ...target, labels }, spec });
  await heals();
};

/** A release that measures badly, for as long as it takes to be aborted; and well after that. */
const badMetric: Epilogue = async (stage, heals, pass) => {
  const { dog, acted } = stage;
  dog.note('EPILOGUE a metric is bad');
  acted.set('epilogue: bad metric', 1);
  const show = holdGauge(stage);
  show(-1);
  await perform(stage, { do: 'image', image: 'web:v8' });
  // Without a notice it takes a minute until somebody looks.
  await pass(75 * secondMs);
  const until = (isSo: (status: RolloutStatus) => boolean) => promoteUntil(stage, pass, isSo);
  await until(({ abort, phase }) => abort === true || phase === 'Healthy');
  show(1);
  if (dog.live()?.status?.abort) await perform(stage, { do: 'plugin', line: 'retry' });
  await until(({ phase }) => phase === 'Healthy');
  await heals();
};

/** A release that a person aborts while its Experiment runs; and whom it lets go on after that. */
const abortedExperiment: Epilogue = async (stage, heals, pass) => {
  const { dog, acted } = stage;
  dog.note('EPILOGUE a release is aborted in its Experiment');
  acted.set('epilogue: aborted in an experiment', 1);
  await perform(stage, { do: 'image', image: 'web:v8' });
  await pass(75 * secondMs);
  const isThere = ({ canary }: RolloutStatus) => canary?.currentExperiment !== undefined;
  await promoteUntil(stage, pass, (status) => isThere(status) || status.phase === 'Healthy');
  if (isThere(dog.live()?.status ?? {})) {
    await perform(stage, { do: 'plugin', line: 'abort' });
    // Without a notice it takes a minute until somebody looks; and pods are kept for up to 40 s.
    await pass(200 * secondMs);
    dog.experiments.judgeEnd();
    await perform(stage, { do: 'plugin', line: 'retry' });
  }
  await pass(75 * secondMs);
  await promoteUntil(stage, pass, ({ phase }) => phase === 'Healthy');
  await heals();
};

async function promoteUntil(
  stage: Stage,
  pass: (spanMs: Millis) => Promise<void>,
  isSo: (status: RolloutStatus) => boolean,
): Promise<void> {
  const more = Math.ceil(experimentsMs(stage.scenario.spec) / lookMs);
  for (let looks = 0; looks < looksMax + more; looks += 1) {
    await pass(lookMs);
    const { status = {} } = stage.dog.live() ?? {};
    if (isSo(status)) return;
    if (status.phase === 'Paused') await perform(stage, { do: 'plugin', line: 'promote' });
  }
}

/** With a promote each time, for all the steps that there may be. */
const looksMax = 60;
const lookMs = 10 * secondMs;

const routedEpilogues: readonly [Epilogue, ...Epilogue[]] = [withoutRouter, gone];
const epilogues: readonly [Epilogue, ...Epilogue[]] = [otherStrategy, editedSet, forbiddenMetadata];
