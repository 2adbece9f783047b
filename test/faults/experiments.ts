import type {
  CanaryStep,
  Experiment,
  ReplicaSet,
  Rollout,
  RolloutExperimentStep,
  RolloutSpec,
} from '../../lib/model/argo.generated.ts';
import { fieldManager, hashLabel } from '../../lib/model/names.ts';
import {
  durationSeconds,
  fromTime,
  type Millis,
  minuteMs,
  secondMs,
} from '../../lib/model/units.ts';
import {
  currentOf,
  desiredOf,
  isControlledBy,
  nameOf,
  revisionOf,
  uidOf,
} from '../../lib/model/workload.ts';
import type { Random } from '../../lib/simulate/random.ts';
import { isAnalysed } from './analyses.ts';
import { ends } from './measured.ts';
import { isByExperiment } from './truth.ts';
import type { Context, RolloutWrite } from './watchdog.ts';

// A canary with Experiments among its steps; and what must hold of them: one is begun once, the step waits
// for it, nothing goes past one that has failed, it is ended when its release is, and none of its pods are
// left.

/** Of an analysed canary; the template is that of analyses.ts. */
export function withExperiments(spec: RolloutSpec, random: Random): RolloutSpec {
  const { canary } = spec.strategy ?? {};
  if (!canary?.steps?.length || !isAnalysed(spec) || !random.chance(0.9)) return spec;
  // Early, where the storm is: later steps are seldom reached in it.
  const at = random.chance(0.6) ? 0 : random.below(canary.steps.length + 1);
  const more = random.chance(0.3) ? [{ experiment: experimentOf(random) }] : [];
  const steps: CanaryStep[] = canary.steps.toSpliced(at, 0, {
    experiment: experimentOf(random),
  });
  return { ...spec, strategy: { canary: { ...canary, steps: [...steps, ...more] } } };
}

function experimentOf(random: Random): RolloutExperimentStep {
  const replicas = random.pick([undefined, 1, 2]);
  const size = replicas === undefined ? {} : { replicas };
  const isCompared = random.chance(0.5);
  const isJudged = random.chance(0.6);
  const duration = random.pick(['5s', '20s', '1m', '10m']);
  const analysis = { name: 'check', templateName: 'check' };
  const delay = random.pick([undefined, 0, 5, 40]);
  return {
    templates: [
      { name: 'new', specRef: 'canary', ...size },
      ...(isCompared ? [{ name: 'old', specRef: 'stable', ...size }] : []),
    ],
    ...(isJudged && { analyses: [{ ...analysis, requiredForCompletion: true }] }),
    ...((!isJudged || random.chance(0.3)) && { duration }),
    ...(delay !== undefined && { scaleDownDelaySeconds: delay }),
  };
}

export function hasExperiments({ strategy }: RolloutSpec): boolean {
  return (strategy?.canary?.steps ?? []).some((step) => step.experiment);
}

/** How long the Experiments of a spec take at most, where their pods come. */
export function experimentsMs({ strategy }: RolloutSpec): Millis {
  return (strategy?.canary?.steps ?? []).reduce((total, { experiment }) => {
    if (!experiment) return total;
    const { duration = '0s', scaleDownDelaySeconds = 30 } = experiment;
    // For its runs and its pods, too.
    return total + (durationSeconds(duration) + scaleDownDelaySeconds + 120) * secondMs;
  }, 0);
}

/** How long after its release one may go on: a storm holds up what is due for minutes. */
const lateMaxMs = { storm: 4 * minuteMs, doorbell: 10 * secondMs, 'no doorbell': 75 * secondMs };
type Weather = keyof typeof lateMaxMs;

export type ExperimentWatch = {
  features: Map<string, number>;
  /** Nothing goes wrong any more. */
  calm: (weather: Weather) => void;
  /** A write of Serin's to the status that no command asks for. */
  byUs: (write: RolloutWrite) => void;
  /** One that goes on although its release does not: what is left of it, in words. */
  leftOver: () => string | undefined;
  judgeEnd: () => void;
};

export function watchExperiments(context: Context): ExperimentWatch {
  const { cluster, clock, fail, key, live } = context;
  const features = new Map<string, number>();
  const happened = (name: string): void => {
    features.set(name, (features.get(name) ?? 0) + 1);
  };
  /** When an Experiment was found bad, by its uid. */
  const badAt = new Map<string, Millis>();
  const all = (): Experiment[] => cluster.read.list('Experiment', key.namespace);
  const own = (): Experiment[] => all().filter((each) => isControlledBy(each, uidOf(live() ?? {})));
  const setsOf = (experiment: Experiment): ReplicaSet[] =>
    cluster.read
      .list('ReplicaSet', key.namespace)
      .filter((set) => isControlledBy(set, uidOf(experiment)));
  let overSince: Millis | undefined;
  let weather: Weather = 'storm';
  cluster.watch(({ type, kind, object, before, writer }) => {
    if (kind === 'Rollout') {
      if (type === 'DELETED' || !isOver(object)) overSince = undefined;
      else overSince ??= clock.now();
    }
    if (kind === 'ReplicaSet' && type === 'DELETED' && writer.manager === fieldManager) {
      const owner = all().find((each) => isControlledBy(object, uidOf(each)));
      if (owner) fail("an Experiment's pods", `${nameOf(object)} was deleted`);
    }
    if (kind !== 'Experiment' || type === 'DELETED') return;
    const experiment = object as Experiment;
    const { phase = '' } = experiment.status ?? {};
    if (['Failed', 'Error'].includes(phase) && !badAt.has(uidOf(experiment))) {
      badAt.set(uidOf(experiment), clock.now());
    }
    if (writer.manager !== fieldManager) return;
    if (type === 'ADDED') {
      happened('experiment');
      const twin = own().find((other) => isTwin(experiment, other));
      if (twin) fail('an Experiment is begun once', `${nameOf(experiment)} beside ${nameOf(twin)}`);
      return;
    }
    const was = (before as Experiment | undefined)?.status?.phase ?? '';
    if (!ends.includes(phase) || ends.includes(was)) {
      if (ends.includes(was) && phase !== was) {
        fail('an Experiment that has ended is over', `${nameOf(experiment)}: ${was} to ${phase}`);
      }
      return;
    }
    happened(`experiment ${phase}`);
    const lateMs = clock.now() - (overSince ?? clock.now());
    if (
      lateMs > lateMaxMs[weather] &&
      !experiment.spec?.terminate &&
      isControlledBy(experiment, uidOf(live() ?? {}))
    ) {
      fail('an Experiment ends with its release', `${nameOf(experiment)}: ${lateMs} ms later`);
    }
    const early = tooEarly(experiment, clock.now());
    if (early) fail('an Experiment has its time', `${nameOf(experiment)}: ${early}`);
  });
  const ofStep = (hash: string, index: number): Experiment[] =>
    own().filter((each) => isOfStep(each, hash, index));
  return {
    features,
    calm: (now) => {
      weather = now;
    },
    byUs: ({ before, after, turn }) => {
      const { status: was = {} } = before;
      const { status: is = {} } = after;
      const hasReason = own().some((each) => badAt.has(uidOf(each)));
      if (is.abort && !was.abort && isByExperiment(is)) {
        happened('aborted by an experiment');
        if (!hasReason) fail('an abort has its reason', `no Experiment failed: ${is.message}`);
      }
      const isAsked = is.abort || was.abort || is.promoteFull || was.promoteFull;
      const isSame =
        was.currentPodHash === is.currentPodHash && was.currentStepHash === is.currentStepHash;
      const { currentStepIndex: index = 0, currentPodHash: hash = '' } = was;
      const isInRelease = was.stableRS !== undefined && was.stableRS !== hash;
      const step = before.spec?.strategy?.canary?.steps?.[index];
      if (isAsked || !isSame || !isInRelease || (is.currentStepIndex ?? 0) <= index) return;
      // Going back to a version within the window asks nobody.
      if (!step?.experiment || before.spec?.rollbackWindow !== undefined) return;
      const found = ofStep(hash, index);
      const isDone = found.some(({ status }) =>
        ['Successful', 'Inconclusive'].includes(status?.phase ?? ''),
      );
      if (!isDone) fail('a step waits for its Experiment', `at ${index}`);
      const { currentExperiment: name } = was.canary ?? {};
      const bad = found.find((each) => {
        const at = badAt.get(uidOf(each)) ?? Number.POSITIVE_INFINITY;
        return nameOf(each) === name && at < turn.at;
      });
      if (bad) fail('nothing goes past a failed Experiment', nameOf(bad));
    },
    leftOver: () => {
      if (!isOver(live() ?? {})) return undefined;
      const left = own().find(({ spec, status: { phase = '' } = {} }) => {
        return !spec?.terminate && !ends.includes(phase);
      });
      return left && `${nameOf(left)} goes on, and its release does not`;
    },
    judgeEnd: () => {
      for (const each of own()) {
        const { phase = '', analysisRuns = [] } = each.status ?? {};
        if (!ends.includes(phase)) fail('an Experiment ends', `${nameOf(each)} is ${phase}`);
        const open = analysisRuns.find(
          (run) => run.analysisRun !== '' && !ends.includes(run.phase),
        );
        if (open) fail('an Experiment ends', `${nameOf(each)} shows ${open.name} ${open.phase}`);
        const set = setsOf(each).find((its) => desiredOf(its) > 0 || currentOf(its) > 0);
        if (set) fail("an Experiment's pods go", `${nameOf(set)} has ${desiredOf(set)} left`);
      }
    },
  };
}

/** It was aborted, or has come to its end. */
function isOver({ status = {} }: Rollout): boolean {
  return status.abort === true || status.currentPodHash === status.stableRS;
}

/** By its name: version, revision and step. */
function isOfStep(experiment: Experiment, hash: string, index: number): boolean {
  const [, step] = new RegExp(`-${hash}-\\d+-(\\d+)(?:-\\d+)?$`).exec(nameOf(experiment)) ?? [];
  return step === String(index) && experiment.metadata?.labels?.[hashLabel] === hash;
}

/** For the same step, and going on. */
function isTwin(experiment: Experiment, other: Experiment): boolean {
  const base = (each: Experiment) => nameOf(each).replace(/^(.*-\d+-\d+)-\d+$/, '$1');
  const goesOn = !other.spec?.terminate && !ends.includes(other.status?.phase ?? '');
  const isSame = base(experiment) === base(other) && revisionOf(experiment) === revisionOf(other);
  return nameOf(experiment) !== nameOf(other) && isSame && goesOn;
}

/** One that succeeded although nobody ended it and neither its time nor its analysis had come to an end. */
function tooEarly({ spec = {}, status = {} }: Experiment, now: Millis): string | undefined {
  const { duration, terminate, analyses = [] } = spec;
  const { phase, availableAt, analysisRuns = [] } = status;
  if (phase !== 'Successful' || terminate) return undefined;
  if (analyses.length > 0) {
    const isGood = analysisRuns.every((run) => run.phase === 'Successful');
    return isGood && analysisRuns.length > 0 ? undefined : 'successful before its analysis';
  }
  if (availableAt === undefined) return 'successful, and its pods were never there';
  const leftMs = fromTime(availableAt) + durationSeconds(duration ?? '0s') * secondMs - now;
  return leftMs > 0 ? `${leftMs} ms before its time` : undefined;
}
