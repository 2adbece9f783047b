import { pauseReasons } from '../../lib/model/names.ts';
import { durationSeconds, type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import {
  availableOf,
  currentOf,
  desiredOf,
  nameOf,
  podHashOf,
  sum,
} from '../../lib/model/workload.ts';
import {
  addService,
  addWorkload,
  editRollout,
  editWorkload,
  meanwhile,
  mended,
  perform,
  type Strategy,
  serviceNames,
} from './acts.ts';
import { type Drill, drillOf } from './drills.ts';
import { epilogueOf } from './epilogues.ts';
import { experimentsMs } from './experiments.ts';
import { judgeMetadata } from './metadata.ts';
import { isAtRest, isCrashing } from './rest.ts';
import { idleMs } from './restarts.ts';
import { addRouters, allow } from './routerObjects.ts';
import { templateOf } from './scenario.ts';
import { key, type Stage } from './stage.ts';

// When nothing goes wrong any more: everything comes to rest for a reason that has a name, goes on when a
// person says so, and ends healthy. Nothing is stranded, and nothing is busy for nothing.

/** A rival met last in the storm is kept away from for so long. */
const backOffMs = 6 * minuteMs;
const restMs = 10 * minuteMs;
/** The sweep lists a cluster every ten minutes, and what that finds takes a moment. */
const listMs = 11 * minuteMs;
/** Turns of telling it to go on, at most. */
const helpsMax = 30;
const eventsMax = 60_000;

export async function settle(stage: Stage): Promise<void> {
  const { faults, dog } = stage;
  faults.calm();
  allow(stage);
  stage.calmAt = stage.clock.now();
  dog.note('CALM');
  await stormPasses(stage);
  if (!(await comesToRest(stage))) return;
  await commandsEnd(stage);
  if (isAtRest(stage)) await judgeWorkload(stage);
  await judgePods(stage);
  await judgeExperiments(stage);
  await judgeLost(stage);
  await judgeRestart(stage);
  await judgeFaulty(stage);
  await mend(stage);
  if (!(await becomesHealthy(stage))) return;
  judgeHealthy(stage);
  await epilogueOf(stage)?.(
    stage,
    () => heals(stage),
    (spanMs) => pass(stage, spanMs),
  );
  await staysQuiet(stage);
  dog.commands.judgeEnd();
  dog.told.judgeEnd();
  dog.analyses.judgeEnd();
  dog.experiments.judgeEnd();
}

async function pass(stage: Stage, spanMs: Millis): Promise<void> {
  const { clock, dog } = stage;
  const isFine = () => dog.violations.length === 0;
  await clock.run({ until: clock.now() + spanMs, while: isFine, eventsMax });
}

/** Time passes while something is as it is, until that moment at most. */
async function passWhile(stage: Stage, until: Millis, isSo: () => boolean): Promise<void> {
  const { clock, dog } = stage;
  while (isSo() && clock.now() < until && dog.violations.length === 0) {
    await pass(stage, 5 * secondMs);
  }
}

/** Wakes that were late, messages that failed, and processes that still run. */
async function stormPasses(stage: Stage): Promise<void> {
  await pass(stage, minuteMs);
}

function boundMs({ dog, scenario }: Stage): Millis {
  const { spec = {} } = dog.live() ?? {};
  const steps = spec.strategy?.canary?.steps ?? [];
  const pausesMs = steps.reduce((total, { pause }) => {
    const { duration } = pause ?? {};
    return total + (duration === undefined ? 0 : durationSeconds(duration) * secondMs);
  }, 0);
  const standbyMs = (spec.strategy?.blueGreen?.autoPromotionSeconds ?? 0) * secondMs;
  const deadlineMs = (spec.progressDeadlineSeconds ?? 600) * secondMs;
  const { scaleDownDelaySeconds = 30, abortScaleDownDelaySeconds = 30 } =
    spec.strategy?.canary ?? {};
  const keptMs = (scaleDownDelaySeconds + abortScaleDownDelaySeconds) * secondMs;
  const podMs = scenario.pods.readyMs + scenario.pods.jitterMs + scenario.pods.terminationMs;
  return (
    backOffMs +
    pausesMs +
    experimentsMs(spec) +
    standbyMs +
    keptMs +
    2 * deadlineMs +
    30 * podMs +
    5 * minuteMs
  );
}

/** Within its bound the rollout is healthy, or waits for somebody for a reason it names. */
async function comesToRest(stage: Stage): Promise<boolean> {
  const { clock, dog } = stage;
  const until = clock.now() + boundMs(stage);
  while (clock.now() < until && dog.violations.length === 0) {
    if (isAtRest(stage)) return true;
    await pass(stage, 5 * secondMs);
  }
  if (dog.violations.length > 0) return false;
  if (isAtRest(stage) || isCrashing(stage)) return true;
  const { status } = dog.live() ?? {};
  dog.fail('nothing is stranded', `not at rest: ${status?.phase} ${status?.message}`);
  return false;
}

/** Everything accepted has been dealt with by now. */
async function commandsEnd(stage: Stage): Promise<void> {
  const { dog } = stage;
  const isOpen = () =>
    [...dog.commands.tracked.values()].some((each) => !each.outcome && !each.isForgotten);
  for (let count = 0; count < 7 && isOpen(); count += 1) await pass(stage, minuteMs);
}

/** Without a notice it is a minute until somebody looks. */
async function judgeWorkload(stage: Stage): Promise<void> {
  if (!stage.scenario.workload) return;
  await pass(stage, 75 * secondMs);
  // Pods that crash come and go faster than anybody looks.
  if (!isAtRest(stage) || isCrashing(stage)) return;
  stage.dog.workload.judgeRest();
  stage.dog.services.judgeRest();
}

/** Whatever it waits for, a rollout that is to have pods is not left without any. */
async function judgePods(stage: Stage): Promise<void> {
  const { dog } = stage;
  const hasNone = () => {
    const { spec, status } = dog.live() ?? {};
    const isMeant = !spec || spec.replicas === 0 || spec.paused || status?.phase !== 'Paused';
    return !isMeant && sum(dog.sets(), desiredOf) === 0;
  };
  if (!isAtRest(stage) || !hasNone()) return;
  // Without a notice it is a minute until somebody looks; where one was lost, it is found by the next list.
  const until = stage.clock.now() + (stage.scenario.doorbell ? listMs : 75 * secondMs);
  await passWhile(stage, until, hasNone);
  const { message } = dog.live()?.status ?? {};
  if (isAtRest(stage) && hasNone()) dog.fail('somebody serves', `no pods are wanted: ${message}`);
}

/** Without a notice it is a minute until somebody looks. */
async function judgeExperiments(stage: Stage): Promise<void> {
  const { dog, clock } = stage;
  const isLeft = () => isDriven(stage) && dog.experiments.leftOver() !== undefined;
  await passWhile(stage, clock.now() + 75 * secondMs, isLeft);
  if (isLeft()) dog.fail('an Experiment ends with its release', dog.experiments.leftOver() ?? '');
}

/** While its status is lost a rollout gets the pods that are asked for, where it is clear which ones. */
async function judgeLost(stage: Stage): Promise<void> {
  const { dog, clock } = stage;
  const { spec, status } = dog.live() ?? {};
  const { replicas = 1, paused } = spec ?? {};
  const { stableRS, currentPodHash } = status ?? {};
  const running = dog.sets().filter((set) => desiredOf(set) > 0);
  const isClear =
    dog.sets().some((set) => podHashOf(set) === stableRS) ||
    running.every((set) => podHashOf(set) === currentPodHash);
  const isLost = status?.message === pauseReasons.statusLost && !paused && isDriven(stage);
  if (!isAtRest(stage) || !isLost || !isClear || replicas === 0) return;
  await editRollout(stage, { replicas: replicas + 1 });
  const hasFew = () => sum(dog.sets(), desiredOf) <= replicas;
  await passWhile(stage, clock.now() + listMs, hasFew);
  if (hasFew()) dog.fail('somebody serves', `${replicas + 1} pods are asked for, and not wanted`);
}

/** Pods that serve nobody wait for no budget. */
async function judgeRestart(stage: Stage): Promise<void> {
  const { dog, clock } = stage;
  const isOpen = () => isDriven(stage) && dog.restarts.idle().length > 0;
  await passWhile(stage, clock.now() + idleMs, isOpen);
  if (!isOpen() || dog.violations.length > 0) return;
  const names = dog.restarts.idle().map(nameOf).join(', ');
  dog.fail('restart', `${names}: not ready, older than the restart, and not replaced`);
}

/** A spec that is faulty elsewhere keeps nobody from scaling. */
async function judgeFaulty(stage: Stage): Promise<void> {
  const { dog, clock } = stage;
  const lag = () => dog.faulty.lag();
  await passWhile(stage, clock.now() + idleMs, () => lag() !== undefined);
  const left = lag();
  if (left !== undefined && dog.violations.length === 0) dog.fail('scaled under a fault', left);
}

/** Whether the spec is one that can be carried out. */
function isDriven({ dog }: Stage): boolean {
  const { conditions = [] } = dog.live()?.status ?? {};
  return !conditions.some(({ type }) => type === 'InvalidSpec');
}

/** A person puts right what cannot run. Where there is to be a drill there is a pause for it. */
async function mend(stage: Stage): Promise<void> {
  const { dog, scenario, cluster } = stage;
  if (dog.live() === undefined) await perform(stage, { do: 'recreate' });
  for (const name of serviceNames) addService(cluster, name);
  addRouters(cluster, scenario);
  const first = mended(scenario);
  const strategy = drillOf(stage) ? held(first.strategy) : first.strategy;
  const template = templateOf('web:v9');
  const own = scenario.workload ? {} : { template };
  const spec = { ...own, ...first, strategy, paused: null, progressDeadlineSeconds: 600 };
  dog.note('MEND');
  addWorkload(stage, 'web:v9');
  if (scenario.workload) await editWorkload(stage, { template });
  await editRollout(stage, spec);
}

/** With a pause that only a person ends. */
function held({ canary, blueGreen }: Strategy): Strategy {
  if (blueGreen) {
    const isManual = { autoPromotionEnabled: false, autoPromotionSeconds: null };
    return { blueGreen: { ...blueGreen, ...isManual } };
  }
  const steps = [{ setWeight: 25 }, { pause: {} }, ...(canary?.steps ?? [])];
  return { canary: { ...canary, steps } };
}

/** Somebody promotes whatever waits for somebody, by turns with the plugin and through the API. */
async function becomesHealthy(stage: Stage): Promise<boolean> {
  const { dog } = stage;
  let drill: Drill | undefined = drillOf(stage);
  for (let help = 0; help < helpsMax && dog.violations.length === 0; help += 1) {
    await pass(stage, 2 * secondMs);
    if (isInLongPause(stage)) {
      await perform(stage, { do: 'plugin', line: 'promote' });
      continue;
    }
    if (!(await comesToRest(stage))) return false;
    const { status = {}, spec } = dog.live() ?? {};
    if (status.phase === 'Healthy') {
      // Without a notice old ReplicaSets are found empty, and deleted, a minute later.
      await pass(stage, 90 * secondMs);
      if (dog.live()?.status?.phase === 'Healthy') return true;
    }
    if (drill?.fits(stage)) {
      await drill.run(stage, (spanMs) => pass(stage, spanMs));
      drill = undefined;
      continue;
    }
    const verb = status.abort ? 'retry' : spec?.paused ? 'resume' : 'promote';
    if (help % 2 === 0) {
      // A stable version that cannot run holds the steps up for good: then it is to be replaced in full.
      const line = help > helpsMax / 2 ? 'promote --full' : status.abort ? 'retry' : 'promote';
      await perform(stage, { do: 'plugin', line });
    } else {
      const command = { do: 'api', command: { verb }, dies: false, fresh: true } as const;
      await meanwhile(stage, command, () => pass(stage, secondMs));
    }
  }
  if (dog.violations.length > 0) return false;
  const { status } = dog.live() ?? {};
  dog.fail('nothing is stranded', `not healthy: ${status?.phase} ${status?.message}`);
  return false;
}

/** Healthy again after something was done to it, and with nobody's help. */
async function heals(stage: Stage): Promise<boolean> {
  const { dog } = stage;
  // Without a notice it takes a minute until somebody looks.
  await pass(stage, 75 * secondMs);
  if (!(await comesToRest(stage))) return false;
  await pass(stage, 90 * secondMs);
  const { phase, message } = dog.live()?.status ?? {};
  if (phase !== 'Healthy') dog.fail('nothing is stranded', `not healthy: ${phase} ${message}`);
  else judgeHealthy(stage);
  return dog.violations.length === 0;
}

/** Longer than a person waits who has seen enough. */
function isInLongPause({ dog }: Stage): boolean {
  const { status = {}, spec } = dog.live() ?? {};
  const { duration } = spec?.strategy?.canary?.steps?.[status.currentStepIndex ?? 0]?.pause ?? {};
  const isPaused = status.pauseConditions?.some(({ reason }) => reason === pauseReasons.step);
  return isPaused === true && !spec?.paused && durationSeconds(duration ?? 0) >= 600;
}

function judgeHealthy(stage: Stage): void {
  const { dog } = stage;
  const { status = {}, spec } = dog.live() ?? {};
  const wanted = spec?.replicas ?? 1;
  const sets = dog.sets();
  const current = sets.find((set) => podHashOf(set) === status.currentPodHash);
  const pods = current ? availableOf(current) : 0;
  const older = sets.filter((set) => set !== current && currentOf(set) > 0);
  if (pods !== wanted || older.length > 0 || status.stableRS !== status.currentPodHash) {
    dog.fail('healthy is true', `${pods} of ${wanted} pods, ${older.length} older ReplicaSets`);
  }
  dog.workload.judgeHealthy();
  if (!dog.policy.forbidsMetadata) judgeMetadata(stage);
  dog.restarts.judgeHealthy();
  const kept = sets.filter((set) => set !== current).length;
  const limit = spec?.revisionHistoryLimit ?? 10;
  if (kept > limit) dog.fail('history', `${kept} older ReplicaSets are kept, at most ${limit}`);
}

/** At rest it costs nothing. */
async function staysQuiet(stage: Stage): Promise<void> {
  const { dog, clock, simulated } = stage;
  // Messages in the queue, sent for what is no longer so, come at last.
  await pass(stage, 16 * minuteMs);
  const before = { ...dog.requests };
  await pass(stage, restMs);
  const { reads, writes } = dog.requests;
  if (writes > before.writes || reads > before.reads) {
    const count = `${reads - before.reads} reads and ${writes - before.writes} writes`;
    dog.fail('quiet at rest', `${count} in ${restMs / minuteMs} minutes of nothing`);
  }
  const dues = await simulated.world.store.due(clock.now() + 60 * minuteMs, 10);
  const due = dues.find((each) => each.key.name === key.name);
  if (due) dog.fail('quiet at rest', `healthy, and due at ${due.dueAt - clock.now()} ms`);
}
