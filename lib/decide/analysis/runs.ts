import type {
  AnalysisRun,
  RolloutAnalysisRunStatus,
  RolloutStatus,
} from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import { pauseReasons } from '../../model/names.ts';
import { type PlannedEvent, refOf, type Write } from '../../model/plan.ts';
import { nameOf } from '../../model/workload.ts';
import {
  type Analysis,
  type AnalysisType,
  analysesOf,
  isBeforeStart,
} from '../release/analyses.ts';
import type { Draft } from '../release/draft.ts';
import {
  hasPause,
  podTemplateOrStepsChanged,
  type Release,
  withStatus,
} from '../release/release.ts';
import { hasFailed, isEnded, isOverruled, noted, phaseOf, runIn, runsOf } from '../release/runs.ts';
import { isSaturated } from '../replicaSets/resize.ts';
import { isPreviewReady } from '../replicaSets/scaleDownDelay.ts';
import { madeIn } from './faults.ts';
import { forgottenRuns } from './history.ts';
import { baseName, begunBefore, freeRunName, newRun } from './newRun.ts';
import { isUnjudged, typesOf } from './outcome.ts';

/** The run of an analysis after this turn: one that there is, or one that this turn creates. */
type Kept = { type: AnalysisType; run: AnalysisRun; isNew?: true };

/**
 * Which runs go on, by the status that this turn has come to: those that are due are created, those that the
 * release does not need any more are ended, and old ones are deleted. argo v1.10.1 rollout/analysis.go
 */
export function runAnalyses(release: Release, draft: Draft): Draft {
  const { analysis } = release.observed;
  if (!analysis || analysis.unlisted) return draft;
  const kept = podTemplateOrStepsChanged(release) ? [] : keptRuns(release, draft);
  const names = kept.map(({ run }) => nameOf(run));
  const others = runsOf(release).filter((run) => !names.includes(nameOf(run)));
  const isOver = isUnjudged(release, draft.status);
  const ended = isOver ? runsOf(release) : [...others, ...spent(release, kept)];
  const forgotten = forgottenRuns(release, others);
  return {
    ...draft,
    status: withNotes(draft.status, kept),
    writes: [
      ...draft.writes,
      ...kept.flatMap(creation),
      ...ended.filter((run) => !forgotten.includes(run)).flatMap(termination),
      ...forgotten.map(
        (run): Write => ({ phase: 'metadata', do: 'delete', ref: refOf('AnalysisRun', run) }),
      ),
    ],
    events: [...draft.events, ...kept.flatMap((each) => news(release, each))],
  };
}

function keptRuns(release: Release, draft: Draft): Kept[] {
  return typesOf(release).flatMap((type) => {
    const found = keptRun(release, draft, type);
    return found ? [found] : [];
  });
}

function keptRun(release: Release, draft: Draft, type: AnalysisType): Kept | undefined {
  const { status } = draft;
  const then = withStatus(release, status);
  // Of the step that the release is at from now on. What was retried shows in the status before this turn.
  const from = { rollout: then.rollout, status: release.status, runs: runsOf(release) };
  const run = runIn(from, type);
  const present: Kept | undefined = run && { type, run };
  if (isUnjudged(then, status)) return isBlueGreenType(type) ? present : undefined;
  const analysis = analysesOf(release.rollout).find(
    (each) => each.type === type && (each.index ?? 0) === stepOf(type, status),
  );
  if (!analysis) return undefined;
  const due = isDue(then, type, run);
  if (due === 'never') return undefined;
  const isHeld = hasPause(status, pauseReasons.inconclusive) || due === 'notNow';
  const isStepHeld = type === 'Step' && (status.pauseConditions ?? []).length > 0;
  if (isHeld || isStepHeld) return present;
  const isOpen =
    !run || (phaseOf(run) === 'Inconclusive' && isOverruled(run, release.status, type));
  return isOpen ? (begun(then, draft, analysis) ?? present) : present;
}

function isBlueGreenType(type: AnalysisType): boolean {
  return type === 'PrePromotion' || type === 'PostPromotion';
}

function stepOf(type: AnalysisType, { currentStepIndex = 0 }: RolloutStatus): number {
  return type === 'Step' ? currentStepIndex : 0;
}

/** Whether it is the time for an analysis. One that has begun goes on whatever becomes of the pods. */
function isDue(
  release: Release,
  type: AnalysisType,
  run: AnalysisRun | undefined,
): 'now' | 'notNow' | 'never' {
  const { rollout, status } = release;
  if (type === 'Background') return isBeforeStart(rollout, status) ? 'never' : 'now';
  if (type === 'Step') return 'now';
  const { activeSelector = '' } = release.observed.rollout.status?.blueGreen ?? {};
  const isSwitched = activeSelector === status.currentPodHash;
  const isBefore = type === 'PrePromotion';
  if (activeSelector === '' || isSwitched === isBefore) return 'notNow';
  return run || hasAllPods(release, isBefore) ? 'now' : 'notNow';
}

/** Before the switch as many as are to be previewed. argo v1.10.1 rollout/analysis.go */
function hasAllPods(release: Release, isBefore: boolean): boolean {
  const { current, rollout } = release;
  const preview = rollout.spec?.strategy?.blueGreen?.previewReplicaCount;
  if (!current) return false;
  if (!isBefore || preview === undefined) return isSaturated(release, current);
  return isPreviewReady(release);
}

/** Undefined where something is wrong with it, which the status says: nothing is begun then. */
function begun(release: Release, draft: Draft, analysis: Analysis): Kept | undefined {
  const { type } = analysis;
  const made = madeIn(release, analysis, false);
  if (!made || 'faults' in made) return undefined;
  const { merged } = made;
  const { revision } = draft;
  const base = baseName(release, analysis, revision);
  const earlier = begunBefore(release, base, merged);
  if (earlier) return { type, run: earlier };
  const name = freeRunName(release, base);
  return { type, run: newRun(release, analysis, { merged, name, revision }), isNew: true };
}

/** The blue-green runs of which the time is over stay named, and do not go on. */
function spent(release: Release, kept: Kept[]): AnalysisRun[] {
  const { status } = release.observed.rollout;
  const isSwitched = status?.blueGreen?.activeSelector === status?.currentPodHash;
  const isSpent = ({ type }: Kept): boolean =>
    (type === 'PrePromotion' && isSwitched) || (type === 'PostPromotion' && !isSwitched);
  return kept.filter((each) => !each.isNew && isSpent(each)).map(({ run }) => run);
}

function creation({ run, isNew }: Kept): Write[] {
  return isNew ? [{ phase: 'create', do: 'create', kind: 'AnalysisRun', object: run }] : [];
}

/** It ends as it stands, and its measurements with it. */
function termination(run: AnalysisRun): Write[] {
  if (isEnded(run) || run.spec?.terminate || run.metadata?.deletionTimestamp) return [];
  const ref = refOf('AnalysisRun', run);
  return [{ phase: 'metadata', do: 'patch', ref, patch: { spec: { terminate: true } } }];
}

/** The status names the runs of the release, and those of no other. */
function withNotes(status: RolloutStatus, kept: Kept[]): RolloutStatus {
  const noteOf = (type: AnalysisType): RolloutAnalysisRunStatus | undefined => {
    const run = kept.find((each) => each.type === type)?.run;
    const { message } = run?.status ?? {};
    return (
      run && {
        name: nameOf(run),
        status: phaseOf(run),
        ...defined({ message: message || undefined }),
      }
    );
  };
  const {
    currentStepAnalysisRunStatus: _,
    currentBackgroundAnalysisRunStatus: __,
    ...canary
  } = status.canary ?? {};
  const {
    prePromotionAnalysisRunStatus: ___,
    postPromotionAnalysisRunStatus: ____,
    ...blueGreen
  } = status.blueGreen ?? {};
  return {
    ...status,
    ...notEmpty(status, 'canary', {
      ...canary,
      ...defined({
        currentStepAnalysisRunStatus: noteOf('Step'),
        currentBackgroundAnalysisRunStatus: noteOf('Background'),
      }),
    }),
    ...notEmpty(status, 'blueGreen', {
      ...blueGreen,
      ...defined({
        prePromotionAnalysisRunStatus: noteOf('PrePromotion'),
        postPromotionAnalysisRunStatus: noteOf('PostPromotion'),
      }),
    }),
  };
}

function notEmpty<Field extends 'canary' | 'blueGreen'>(
  status: RolloutStatus,
  field: Field,
  part: RolloutStatus[Field] & object,
): Pick<RolloutStatus, Field> | object {
  return status[field] !== undefined || Object.keys(part).length > 0 ? { [field]: part } : {};
}

/** argo v1.10.1 rollout/analysis.go emitAnalysisRunStatusChanges */
function news(release: Release, { type, run }: Kept): PlannedEvent[] {
  const phase = phaseOf(run);
  const note = noted(release.status, type);
  if (phase === '' || (note && (note.name !== nameOf(run) || note.status === phase))) return [];
  const before = note ? note.status : 'NoPreviousStatus';
  const message = `${type} Analysis Run '${nameOf(run)}' Status New: '${phase}' Previous: '${before}'`;
  return [{ type: hasFailed(run) ? 'Warning' : 'Normal', reason: `AnalysisRun${phase}`, message }];
}
