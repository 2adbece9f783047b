import { type Command, intentLifeMs } from '../../lib/model/intent.ts';
import { pauseReasons } from '../../lib/model/names.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import { imagesOf } from '../../lib/model/workload.ts';
import { randomFrom } from '../../lib/simulate/random.ts';
import { editRollout, meanwhile, perform } from './acts.ts';
import { stableIsBack } from './rest.ts';
import { addRouters, allow, removeRouters } from './routerObjects.ts';
import { isRouted } from './routing.ts';
import { key, manifest, type Stage } from './stage.ts';
import { workloadIn } from './workload.ts';

// What has to be quick, or exact, is tried in calm, at a pause: that an abort holds against everything else
// (DESIGN §6.1), that a wiped status comes back, and that an outage ends with the first sign of life.

export type Drill = {
  fits: (stage: Stage) => boolean;
  run: (stage: Stage, pass: (spanMs: Millis) => Promise<void>) => Promise<void>;
};

type Run = Drill['run'];

/** Without a doorbell a change is found by the poll. */
const noticedMs = 75 * secondMs;
const backOffMs = 7 * minuteMs;

export function drillOf({ scenario }: Stage): Drill | undefined {
  const { seed, workload, spec } = scenario;
  const fitting =
    workload && seed % 2 === 0
      ? workloadDrills
      : isRouted(spec) && seed % 3 === 0
        ? routedDrills
        : drills;
  const run = fitting[seed % fitting.length];
  return run && { fits: isPausedInRelease, run };
}

function isPausedInRelease({ dog }: Stage): boolean {
  const { status = {}, spec } = dog.live() ?? {};
  const { stableRS, currentPodHash, pauseConditions = [] } = status;
  const pauses: string[] = [pauseReasons.step, pauseReasons.blueGreen];
  const isPaused = pauseConditions.some(({ reason }) => pauses.includes(reason));
  return isPaused && !spec?.paused && Boolean(stableRS) && stableRS !== currentPodHash;
}

const withoutTable: Run = async (stage, pass) => {
  const { dog } = stage;
  // Nobody tells of the abort where only the record knows whom to ask.
  if (!stage.scenario.doorbell) return;
  dog.note('DRILL the table is down');
  dog.outage.isDown = true;
  await perform(stage, { do: 'plugin', line: 'abort' });
  await pass(noticedMs);
  judgeAborted(stage, 'the table is down');
  dog.outage.isDown = false;
  await pass(2 * minuteMs);
};

const besidesRival: Run = async (stage, pass) => {
  const { dog } = stage;
  dog.note('DRILL another controller is at it');
  const known = new Set(dog.commands.tracked.keys());
  await meanwhile(stage, { do: 'rival', writes: 1 }, () => pass(5 * secondMs));
  const command = { verb: 'abort' } as const;
  const abort = { do: 'api', command, dies: false, fresh: true } as const;
  // Carried out at once: the back-off is longer.
  await meanwhile(stage, abort, () => pass(4 * secondMs));
  const isAccepted = [...dog.commands.tracked.keys()].some((id) => !known.has(id));
  if (isAccepted && dog.live()?.status?.abort !== true) {
    dog.fail('an abort holds', 'it was accepted and not carried out: another controller is at it');
  }
  await pass(noticedMs);
};

const withFaultySpec: Run = async (stage, pass) => {
  stage.dog.note('DRILL the spec is faulty');
  await perform(stage, { do: 'plugin', line: 'abort' });
  const spec = { progressDeadlineSeconds: 1, minReadySeconds: 2 };
  await editRollout(stage, spec);
  await pass(noticedMs + minuteMs);
  judgeAborted(stage, 'the spec is faulty');
  const { minReadySeconds = null, progressDeadlineSeconds = null } =
    manifest(stage.scenario).spec ?? {};
  const mended = { minReadySeconds, progressDeadlineSeconds };
  await editRollout(stage, mended);
};

const wipedBesidesRival: Run = async (stage, pass) => {
  const { dog } = stage;
  const { status: before = {} } = dog.live() ?? {};
  dog.note('DRILL the status is wiped while another controller is at it');
  await meanwhile(stage, { do: 'rival', writes: 1 }, () => pass(5 * secondMs));
  await perform(stage, { do: 'wipe' });
  // The back-off is longer where it was met before.
  await pass(backOffMs);
  const { status = {} } = dog.live() ?? {};
  const { currentStepIndex, stableRS } = status;
  if (currentStepIndex === before.currentStepIndex && stableRS === before.stableRS) return;
  dog.fail('a wiped status comes back', `${status.message}, at step ${currentStepIndex}`);
};

const awayMs = 100 * secondMs;
/** From a notice to what it brings about: two messages and three turns. */
const backMs = 5 * secondMs;

/** What came due while the API server was away is done with the first answer, whoever got it. */
const away: Run = async (stage, pass) => {
  const { dog, faults, simulated, scenario } = stage;
  const verbs: [Command, Command] = [{ verb: 'abort' }, { verb: 'promote' }];
  const command = randomFrom(scenario.seed).fork('away drill').pick(verbs);
  dog.note('DRILL the API server is away');
  stage.acted.set('drill: away', 1);
  const known = new Set(dog.commands.tracked.keys());
  faults.away(awayMs);
  const deed = { do: 'api', command, dies: false, fresh: false } as const;
  await meanwhile(stage, deed, () => pass(intentLifeMs + 3 * secondMs));
  const [id] = [...dog.commands.tracked.keys()].filter((each) => !known.has(each));
  if (id === undefined) return;
  const isTold = dog.commands.tracked.get(id)?.outcome?.result === 'expired';
  if (command.verb !== 'abort' && !isTold) {
    dog.fail('an expired command is told so', 'the API server is away, and it is open after 63 s');
  }
  await pass(awayMs - intentLifeMs - 3 * secondMs);
  await simulated.world.wakes.send({ key: { ...key, name: 'other' } }, 0);
  await pass(backMs);
  if (command.verb === 'abort' && dog.live()?.status?.abort !== true) {
    dog.fail('an outage ends with the first answer', 'an abort of before is not carried out');
  }
};

/** The process that accepted a command ended right then, and the table is down until its time is up. */
const late: Run = async (stage, pass) => {
  const { dog, simulated } = stage;
  dog.note('DRILL a command is found late');
  stage.acted.set('drill: late', 1);
  const known = new Set(dog.commands.tracked.keys());
  const deed = { do: 'api', command: { verb: 'promote' }, dies: true, fresh: false } as const;
  await perform(stage, deed);
  dog.outage.isDown = true;
  await pass(intentLifeMs + secondMs);
  dog.outage.isDown = false;
  await simulated.world.wakes.send({ key }, 0);
  await pass(backMs);
  const left = [...dog.commands.tracked].filter(([id, { outcome }]) => !known.has(id) && !outcome);
  if (left.length > 0) dog.fail('an expired command is told so', 'it was found late, and is open');
};

/** There and back: the rollout's pods go before its Deployment has any, or after that, and come again. */
const wayBack: Run = async (stage, pass) => {
  const { dog, scenario } = stage;
  dog.note('DRILL the way back to the Deployment');
  stage.acted.set('drill: way back', 1);
  const { replicas = 1, strategy } = dog.live()?.spec ?? {};
  const { previewReplicaCount = null } = strategy?.blueGreen ?? {};
  const withPreview = (count: number | null): MergePatch =>
    strategy?.blueGreen ? { strategy: { blueGreen: { previewReplicaCount: count } } } : {};
  const isEmpty = randomFrom(scenario.seed).fork('way back drill').chance(0.5);
  await perform(stage, { do: 'workload', how: 'scale', replicas: isEmpty ? 0 : 2 });
  await editRollout(stage, { replicas: 0, ...withPreview(1) });
  await pass(noticedMs);
  await perform(stage, { do: 'workload', how: 'scale', replicas: 2 });
  await pass(noticedMs);
  // Another version meanwhile, which nobody consents to.
  const [image = ''] = imagesOf(workloadIn(dog)?.spec?.template);
  if (!isEmpty) await perform(stage, { do: 'image', image: 'web:v3' });
  await editRollout(stage, { replicas, ...withPreview(previewReplicaCount) });
  await pass(noticedMs);
  if (!isEmpty) await perform(stage, { do: 'image', image });
  await pass(noticedMs);
};

/** A command for a template that is nowhere. */
const withoutTemplate: Run = async (stage, pass) => {
  stage.dog.note('DRILL the Deployment is gone');
  stage.acted.set('drill: without template', 1);
  await perform(stage, { do: 'workload', how: 'delete', replicas: 0 });
  const command = { verb: 'undo' } as const;
  // It is accepted by what was seen last.
  const deed = { do: 'api', command, dies: false, fresh: false } as const;
  await meanwhile(stage, deed, () => pass(backMs));
  await perform(stage, { do: 'workload', how: 'restore', replicas: 0 });
  await pass(noticedMs);
};

/** A webhook that objects to what routers are told, or their objects are gone. */
const withoutRoutes: Run = async (stage, pass) => {
  const { dog, cluster, scenario } = stage;
  const isRefused = randomFrom(scenario.seed).fork('routes drill').chance(0.5);
  const circumstance = isRefused ? 'a webhook objects to routes' : 'objects of routers are gone';
  dog.note(`DRILL ${circumstance}`);
  stage.acted.set('drill: without routes', 1);
  const refuse = { do: 'webhook', how: 'refuses', spanMs: 10 * minuteMs } as const;
  if (isRefused) await perform(stage, refuse);
  else removeRouters(cluster, scenario);
  await pass(5 * secondMs);
  await perform(stage, { do: 'plugin', line: 'abort' });
  await pass(noticedMs + 2 * minuteMs);
  // Subsets that may not be told stay with the aborted version, and so do its pods.
  const { istio } = scenario.spec.strategy?.canary?.trafficRouting ?? {};
  if (!isRefused || !istio?.destinationRule) judgeAborted(stage, circumstance);
  else if (!dog.live()?.status?.abortedAt) dog.fail('an abort holds', circumstance);
  allow(stage);
  addRouters(cluster, scenario);
  await pass(noticedMs + minuteMs);
};

const routedDrills = [withoutRoutes] as const;
const drills = [away, withoutTable, besidesRival, withFaultySpec, wipedBesidesRival, late] as const;
const workloadDrills = [wayBack, withoutTemplate, wayBack] as const;

function judgeAborted(stage: Stage, circumstance: string): void {
  const { dog } = stage;
  const { status = {} } = dog.live() ?? {};
  if (status.abort === true && status.abortedAt !== undefined && stableIsBack(stage)) return;
  dog.fail('an abort holds', `not carried out: ${circumstance}; ${status.phase} ${status.message}`);
}
