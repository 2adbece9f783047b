import type { ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import { fieldManager, pauseReasons } from '../../lib/model/names.ts';
import {
  durationSeconds,
  fromTime,
  type Millis,
  minuteMs,
  secondMs,
} from '../../lib/model/units.ts';
import { availableOf, currentOf, desiredOf } from '../../lib/model/workload.ts';
import type { Change } from '../../lib/simulate/apiServer/objects.ts';
import type { Stage } from './stage.ts';
import type { Context } from './watchdog.ts';

// How long everybody waits for Serin: from when a rollout could move until it has moved.

/** That a spec is seen; that a pause ends; that a release goes on, now that its pods are there. */
type Awaited = 'spec' | 'pause' | 'pods';

/** `begunAt`: when that began which has ended late. */
type Delay = { awaited: Awaited; begunAt: Millis; at: Millis; ms: Millis };

/** The groups of runs in which other times are to be kept. */
type Weather = 'storm' | 'doorbell' | 'no doorbell';

/** What a storm has lost is made up for so long after it. */
const aftermathMs: Millis = minuteMs;
/** A notice and its way through the queue, or the end of a timer, and a turn. */
const promptMs: Millis = secondMs;
/** The longest time that each may take where nothing goes wrong; and in a storm 99 of 100. */
const boundsMs: Record<Weather, Record<Awaited, Millis>> = {
  doorbell: { spec: promptMs, pods: promptMs, pause: promptMs },
  // Each minute the sweep has such a cluster listed; for pods it is looked at again every 15 s at least.
  'no doorbell': { spec: minuteMs + promptMs, pods: 15 * secondMs + promptMs, pause: promptMs },
  // Due again within a minute, and its wake sent again by the next sweep but one; which may be late in turn.
  storm: { spec: 3 * minuteMs, pods: 3 * minuteMs, pause: 3 * minuteMs },
};

export type DelayWatch = {
  delays: Delay[];
  changed: (change: Change) => void;
};

export function watchDelays({ clock, live, sets, memory }: Context): DelayWatch {
  const delays: Delay[] = [];
  const since: { [awaited in Awaited]?: Millis } = {};
  /** When something was last changed that is not Serin's doing. */
  let changedAt = Number.NEGATIVE_INFINITY;
  const moved = (awaited: Awaited, from: Millis, begunAt = from): void => {
    // From another controller Serin keeps away.
    if (memory.record?.conflictingController) return;
    const at = clock.now();
    delays.push({ awaited, begunAt, at, ms: at - Math.max(from, changedAt) });
  };
  const rolloutChanged = (before: Rollout, after: Rollout, isOurs: boolean): void => {
    if (!isSeen(after)) since.spec ??= clock.now();
    else {
      if (isOurs && since.spec !== undefined) moved('spec', since.spec);
      delete since.spec;
    }
    const end = pauseEnd(before);
    const isOver = isOurs && end !== undefined && end <= clock.now() && isSeen(before);
    const [pause] = before.status?.pauseConditions ?? [];
    if (isOver && pauseEnd(after) !== end) moved('pause', end, fromTime(pause?.startTime ?? ''));
  };
  return {
    delays,
    changed: (change) => {
      const { type, kind, writer } = change;
      if (kind === 'Pod' || kind === 'Event') return;
      // Runs and Experiments have turns of their own; what they come to is news for the rollout.
      const isOurs = writer.manager === fieldManager && !isOfAnother(change);
      const isMove = isOurs && since.pods !== undefined;
      if (isMove) moved('pods', since.pods ?? 0);
      if (kind === 'Rollout') {
        if (type === 'ADDED') since.spec = clock.now();
        else if (type === 'DELETED' || !change.before) delete since.spec;
        else rolloutChanged(change.before, change.object, isOurs);
      }
      if (!isOurs) changedAt = clock.now();
      if (!isWaitingForPods(live()) || !sets().every(isSettled)) delete since.pods;
      else if (isOurs || since.pods === undefined) since.pods = clock.now();
    },
  };
}

export type WeatherDelay = { awaited: Awaited; weather: Weather; ms: Millis };

/** The delays of a run. Where nothing goes wrong none may be too long. */
export function judgeDelays({ dog, calmAt, scenario }: Stage): WeatherDelay[] {
  const isCalm = ({ begunAt }: Delay) => calmAt !== undefined && begunAt >= calmAt + aftermathMs;
  return dog.delays.delays.map((delay) => {
    const { awaited, ms } = delay;
    const calm = scenario.doorbell ? 'doorbell' : 'no doorbell';
    const weather = isCalm(delay) ? calm : 'storm';
    const isLate = weather !== 'storm' && ms > boundsMs[weather][awaited];
    if (isLate) dog.fail('moves in time', `${awaited}: ${ms} ms late`, delay.at);
    return { awaited, weather, ms };
  });
}

/** Of fewer, one in a hundred says nothing. */
const samplesMin = 100;

/** A line for each kind and weather; and those of the lines that are too late. */
export function describeDelays(delays: WeatherDelay[]): { lines: string[]; late: string[] } {
  const nameOf = ({ awaited, weather }: WeatherDelay) => `${weather}, ${awaited}`;
  const groups = [...Map.groupBy(delays, nameOf)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const described = groups.map(([name, group]) => {
    const sorted = group.map(({ ms }) => ms).sort((a, b) => a - b);
    const at = (part: number): Millis => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
    const bound = Math.min(...group.map(({ weather, awaited }) => boundsMs[weather][awaited]));
    const times = `${at(0.5)} / ${at(0.99)} / ${at(1)} ms`;
    return {
      line: `  ${name}: ${times} in ${sorted.length} cases, p99 at most ${bound} ms`,
      isLate: sorted.length >= samplesMin && at(0.99) > bound,
    };
  });
  return {
    lines: described.map(({ line }) => line),
    late: described.filter(({ isLate }) => isLate).map(({ line }) => line),
  };
}

function isSeen({ metadata, status }: Rollout): boolean {
  return status?.observedGeneration === String(metadata?.generation);
}

/** Undefined where it is not paused, or until somebody says so. */
function pauseEnd({ spec, status }: Rollout): Millis | undefined {
  const [pause, ...others] = status?.pauseConditions ?? [];
  if (pause === undefined || others.length > 0 || spec?.paused || status?.abort) return undefined;
  const { duration } = spec?.strategy?.canary?.steps?.[status?.currentStepIndex ?? 0]?.pause ?? {};
  const { autoPromotionSeconds } = spec?.strategy?.blueGreen ?? {};
  const seconds =
    pause.reason === pauseReasons.step
      ? duration && durationSeconds(duration)
      : pause.reason === pauseReasons.blueGreen && autoPromotionSeconds;
  return seconds ? fromTime(pause.startTime) + seconds * secondMs : undefined;
}

function isWaitingForPods(rollout: Rollout | undefined): boolean {
  const { spec, status } = rollout ?? {};
  if (rollout === undefined || !isSeen(rollout) || spec?.paused) return false;
  // No ReplicaSet tells when the pods are gone that a restart has evicted.
  if (spec?.restartAt !== undefined && spec.restartAt !== status?.restartedAt) return false;
  if (status?.phase !== 'Progressing' || status.pauseConditions?.length) return false;
  // Nor for an analysis or an Experiment, which take their own time.
  const { currentStepAnalysisRunStatus: atStep, currentExperiment } = status.canary ?? {};
  if (currentExperiment !== undefined) return false;
  const { prePromotionAnalysisRunStatus: pre, postPromotionAnalysisRunStatus: post } =
    status.blueGreen ?? {};
  return ![atStep, pre, post].some((run) => run?.status === 'Running' || run?.status === '');
}

/** Written in a turn of a run or of an Experiment. */
function isOfAnother({ kind, object }: Change): boolean {
  const isPart = object.metadata?.ownerReferences?.some((owner) => owner.kind === 'Experiment');
  return kind === 'AnalysisRun' || kind === 'Experiment' || isPart === true;
}

function isSettled(set: ReplicaSet): boolean {
  return currentOf(set) === desiredOf(set) && availableOf(set) === desiredOf(set);
}
