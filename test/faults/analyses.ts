import type {
  AnalysisRun,
  CanaryStep,
  Rollout,
  RolloutSpec,
  RolloutStatus,
  Service,
} from '../../lib/model/argo.generated.ts';
import {
  analysisTypeLabel,
  fieldManager,
  hashLabel,
  stepIndexLabel,
} from '../../lib/model/names.ts';
import { selectedHash } from '../../lib/model/reference.ts';
import { type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import {
  createdAt,
  isControlledBy,
  nameOf,
  podHashOf,
  revisionOf,
  uidOf,
} from '../../lib/model/workload.ts';
import { type Random, randomFrom } from '../../lib/simulate/random.ts';
import { ends, isMeasured, measuredTemplate, showGauge, watchMeasured } from './measured.ts';
import type { Stage } from './stage.ts';
import { isByAnalysis } from './truth.ts';
import type { Context, RolloutWrite, Turn } from './watchdog.ts';

// A rollout with analyses, whose runs somebody else measures; and what must hold of them: a run is begun
// once, nothing goes past one that has failed, no switch or promotion comes before its analysis, and none
// goes on that nobody needs.

const templateName = 'check';
const analysis = { templates: [{ templateName }] };

/** Of some, in the background, at a step, or around the switch. */
export function withAnalyses(spec: RolloutSpec, random: Random): RolloutSpec {
  const { canary, blueGreen } = spec.strategy ?? {};
  if (!random.chance(0.3)) return spec;
  if (blueGreen) {
    const both = random.chance(0.4);
    return {
      ...spec,
      strategy: {
        blueGreen: {
          ...blueGreen,
          ...((both || random.chance(0.5)) && { prePromotionAnalysis: analysis }),
          ...((both || random.chance(0.5)) && { postPromotionAnalysis: analysis }),
        },
      },
    };
  }
  const steps: CanaryStep[] = (canary?.steps ?? []).flatMap((step) =>
    random.chance(0.3) ? [{ analysis }, step] : [step],
  );
  const background = { ...analysis, ...(random.chance(0.5) && { startingStep: random.below(3) }) };
  return {
    ...spec,
    strategy: {
      canary: {
        ...canary,
        ...(canary?.steps && { steps }),
        ...(random.chance(0.6) && { analysis: background }),
      },
    },
  };
}

export function isAnalysed({ strategy }: RolloutSpec): boolean {
  const { canary, blueGreen } = strategy ?? {};
  const around = blueGreen?.prePromotionAnalysis ?? blueGreen?.postPromotionAnalysis;
  const isStep = (canary?.steps ?? []).some((step) => step.analysis);
  return around !== undefined || canary?.analysis !== undefined || isStep;
}

/**
 * The template, and whoever measures: Serin itself, or somebody who ends each run after a while, good or bad.
 */
export function addAnalyses(stage: Stage): void {
  const { cluster, clock, scenario } = stage;
  const { namespace } = stage.dog.key;
  if (!isAnalysed(scenario.spec)) return;
  if (isMeasured(scenario.seed)) {
    const metadata = { name: templateName, namespace };
    cluster.apply('AnalysisTemplate', { metadata, spec: measuredTemplate });
    showGauge(stage);
    return;
  }
  cluster.apply('AnalysisTemplate', {
    metadata: { name: templateName, namespace },
    spec: {
      metrics: [{ name: 'm', initialDelay: '10000h', provider: { web: { url: 'http://m' } } }],
    },
  });
  const end = async (run: AnalysisRun, phase: string): Promise<void> => {
    const { status, metadata } = cluster.read.find('AnalysisRun', namespace, nameOf(run)) ?? {};
    if (metadata?.uid !== uidOf(run) || ends.includes(status?.phase ?? '')) return;
    const ref = { kind: 'AnalysisRun' as const, namespace, name: nameOf(run) };
    const message = phase === 'Failed' ? 'Metric "m" assessed Failed' : undefined;
    await cluster.as('measuring').patch(ref, { status: { phase, ...(message && { message }) } });
  };
  const after = (delayMs: Millis, run: AnalysisRun, phase: string): void =>
    void clock.schedule(clock.now() + delayMs, () => end(run, phase));
  cluster.watch(({ type, kind, object }) => {
    if (kind !== 'AnalysisRun' || type === 'DELETED') return;
    const run = object as AnalysisRun;
    if (run.spec?.terminate) return after(200, run, 'Successful');
    if (type !== 'ADDED') return;
    const random = randomFrom(scenario.seed).fork(nameOf(run));
    // In the calm all is well.
    const isCalm = stage.calmAt !== undefined;
    const drawn = random.pick([
      'Successful',
      'Successful',
      'Successful',
      'Failed',
      'Error',
      'Inconclusive',
    ]);
    const isLong = run.metadata?.labels?.[analysisTypeLabel] === 'Background';
    // Some go on for as long as they may.
    const isEndless = isLong && random.chance(0.5);
    const delayMs = isEndless
      ? 600 * minuteMs
      : secondMs + random.below((isLong ? 25 : 8) * secondMs);
    after(isCalm ? secondMs : delayMs, run, isCalm ? 'Successful' : drawn);
  });
}

export type AnalysisWatch = {
  /** A write of Serin's to the status that no command asks for. */
  byUs: (write: RolloutWrite) => void;
  /** A Service of its that leads elsewhere now. */
  switched: (turn: Turn, after: Service) => void;
  judgeEnd: () => void;
};

/** Kept of those that have ended well, and as many of the others. */
const keptMax = 5;

export function watchAnalyses(context: Context): AnalysisWatch {
  const { cluster, clock, fail, key, live, sets } = context;
  watchMeasured(context);
  /** When a run was found bad, by its uid. */
  const badAt = new Map<string, Millis>();
  const runs = (): AnalysisRun[] =>
    cluster.read
      .list('AnalysisRun', key.namespace)
      .filter((run) => isControlledBy(run, uidOf(live() ?? {})));
  cluster.watch(({ type, kind, object, writer }) => {
    if (kind !== 'AnalysisRun') return;
    const run = object as AnalysisRun;
    const { phase = '' } = run.status ?? {};
    if (phase === 'Failed' || phase === 'Error') {
      if (!badAt.has(uidOf(run))) badAt.set(uidOf(run), clock.now());
    }
    if (type !== 'ADDED' || writer.manager !== fieldManager) return;
    const twin = runs().find((other) => isTwin(run, other));
    if (twin) fail('a run is begun once', `${nameOf(run)} beside ${nameOf(twin)}`);
  });
  /** An analysis of that version has found it good. */
  const isFound = (hash: string, type: string, index?: number): boolean =>
    runs().some(({ metadata, status }) => {
      const { [analysisTypeLabel]: its, [stepIndexLabel]: at } = metadata?.labels ?? {};
      const isIt = its === type && (index === undefined || at === String(index));
      return isIt && metadata?.labels?.[hashLabel] === hash && status?.phase === 'Successful';
    });
  /** A version that has to be found good: a newer one, which nobody promotes in full. */
  const isOwed = (rollout: Rollout | undefined, hash: string): boolean => {
    const { status = {}, spec } = rollout ?? {};
    const [current, stable] = [hash, status.stableRS].map((each) =>
      sets().find((set) => podHashOf(set) === each),
    );
    const isNewer = current && stable && createdAt(current) > createdAt(stable);
    const isAsked = status.promoteFull === true || spec?.rollbackWindow !== undefined;
    // Its Deployment has the traffic then.
    const isHandedBack = spec?.replicas === 0 && spec.workloadRef !== undefined;
    const isDue = Boolean(isNewer) && !isAsked && !isHandedBack;
    return isDue && !status.abort && hash === status.currentPodHash;
  };
  return {
    byUs: ({ before, after, turn }) => {
      const { status: was = {} } = before;
      const { status: is = {} } = after;
      if (
        is.abort &&
        !was.abort &&
        isByAnalysis(is) &&
        !runs().some((run) => badAt.has(uidOf(run)))
      ) {
        fail('an abort has its reason', `no run has failed: ${is.message}`);
      }
      const isGoingOn = !is.abort && !is.promoteFull && is.stableRS !== is.currentPodHash;
      const noted = failedIn(is).find((name) => failedIn(was).includes(name));
      if (noted && isGoingOn && is.stableRS) fail('a failed run aborts', noted);
      const isPromoted = is.stableRS !== was.stableRS && is.stableRS === is.currentPodHash;
      const isAsked = before.spec?.strategy?.blueGreen?.postPromotionAnalysis !== undefined;
      if (isPromoted && isAsked && isOwed(before, is.stableRS ?? '')) {
        const hash = is.stableRS ?? '';
        if (!isFound(hash, 'PostPromotion')) fail('promoted after its analysis', hash);
      }
      const wasOver = was.abort || was.promoteFull || was.stableRS === was.currentPodHash;
      const isOver = is.abort || is.promoteFull || is.currentPodHash !== was.currentPodHash;
      const isBack = is.currentStepHash !== was.currentStepHash;
      const goesOn =
        (is.currentStepIndex ?? 0) > (was.currentStepIndex ?? 0) || is.stableRS !== was.stableRS;
      if (wasOver || isOver || isBack || !goesOn) return;
      const { currentStepIndex = 0 } = was;
      const step = before.spec?.strategy?.canary?.steps?.[currentStepIndex];
      const isInRelease = was.stableRS !== undefined && was.stableRS === is.stableRS;
      const isJudged =
        !isInRelease ||
        !step?.analysis ||
        isFound(was.currentPodHash ?? '', 'Step', currentStepIndex);
      if (!isJudged && !skips(before))
        fail('a step waits for its analysis', `at ${currentStepIndex}`);
      const bad = runs().find((run) => {
        return isNamed(was, run) && (badAt.get(uidOf(run)) ?? Number.POSITIVE_INFINITY) < turn.at;
      });
      if (bad && !skips(before)) fail('nothing goes past a failed run', nameOf(bad));
    },
    switched: ({ rollout }, after) => {
      const { prePromotionAnalysis, activeService } = rollout?.spec?.strategy?.blueGreen ?? {};
      if (!prePromotionAnalysis || nameOf(after) !== activeService) return;
      if (!isOwed(rollout, selectedHash(after)) || isFound(selectedHash(after), 'PrePromotion'))
        return;
      fail('no switch before its analysis', selectedHash(after));
    },
    judgeEnd: () => {
      const { status = {} } = live() ?? {};
      const hashes = sets().map(podHashOf);
      const ended = runs().filter((run) => ends.includes(run.status?.phase ?? ''));
      const lost = runs().find((run) => !hashes.includes(run.metadata?.labels?.[hashLabel] ?? ''));
      if (lost) fail('runs are forgotten', `${nameOf(lost)} of a version that is gone`);
      if (ended.length > 2 * keptMax + 2) fail('runs are forgotten', `${ended.length} are kept`);
      const left = runs().filter(
        (run) => !ends.includes(run.status?.phase ?? '') && !isNamed(status, run),
      );
      for (const run of left) fail('a run that nobody needs is ended', nameOf(run));
    },
  };
}

/** The failed runs that a status names. */
function failedIn({ canary = {}, blueGreen = {} }: RolloutStatus): string[] {
  const notes = [
    canary.currentStepAnalysisRunStatus,
    canary.currentBackgroundAnalysisRunStatus,
    blueGreen.prePromotionAnalysisRunStatus,
    blueGreen.postPromotionAnalysisRunStatus,
  ];
  return notes.flatMap((note) => {
    return note?.status === 'Failed' || note?.status === 'Error' ? [note.name] : [];
  });
}

/** Going back to a version within the window asks nobody. */
function skips({ spec }: Rollout): boolean {
  return spec?.rollbackWindow !== undefined;
}

function isNamed({ canary, blueGreen }: NonNullable<Rollout['status']>, run: AnalysisRun): boolean {
  return [
    canary?.currentStepAnalysisRunStatus,
    canary?.currentBackgroundAnalysisRunStatus,
    blueGreen?.prePromotionAnalysisRunStatus,
    blueGreen?.postPromotionAnalysisRunStatus,
  ].some((note) => note?.name === nameOf(run));
}

/** For the same, and going on. */
function isTwin(run: AnalysisRun, other: AnalysisRun): boolean {
  const isOther = nameOf(run) !== nameOf(other) && !other.spec?.terminate;
  const labels = [hashLabel, analysisTypeLabel, stepIndexLabel];
  const isSame = labels.every(
    (each) => run.metadata?.labels?.[each] === other.metadata?.labels?.[each],
  );
  // That of an earlier revision is ended in the same turn.
  if (revisionOf(run) !== revisionOf(other)) return false;
  return isOther && isSame && !ends.includes(other.status?.phase ?? '');
}
