import type { Experiment, RolloutStatus } from '../../model/argo.generated.ts';
import { pauseReasons } from '../../model/names.ts';
import { type PlannedEvent, refOf, type Write } from '../../model/plan.ts';
import { nameOf, uidOf } from '../../model/workload.ts';
import { forgottenRuns } from '../analysis/history.ts';
import { isUnjudged } from '../analysis/outcome.ts';
import type { Draft } from '../release/draft.ts';
import { currentExperiment, experimentsOf, isOfStep } from '../release/experiments.ts';
import {
  hasPause,
  podTemplateOrStepsChanged,
  type Release,
  withStatus,
} from '../release/release.ts';
import { isEnded } from '../release/runs.ts';
import { newExperiment } from './newExperiment.ts';

/** The Experiment of the step after this turn: one that there is, or one that this turn creates. */
type Kept = { experiment: Experiment; isNew?: true };

/**
 * Which Experiment goes on, by the status that this turn has come to: that of a step which has come is
 * created, those that the release does not need any more are ended, and old ones are deleted.
 * argo v1.10.1 rollout/experiment.go reconcileExperiments
 */
export function runExperiments(release: Release, draft: Draft): Draft {
  const { experiments } = release.observed;
  if (!experiments || experiments.unlisted) return draft;
  const kept = podTemplateOrStepsChanged(release) ? undefined : keptExperiment(release, draft);
  const others = experimentsOf(release).filter(
    (each) => nameOf(each) !== nameOf(kept?.experiment ?? {}),
  );
  const forgotten = forgottenRuns(release, others);
  return {
    ...draft,
    status: withCurrent(draft.status, kept),
    writes: [
      ...draft.writes,
      ...creation(kept),
      ...others.filter((each) => !forgotten.includes(each)).flatMap(termination),
      ...forgotten.map(
        (each): Write => ({ phase: 'metadata', do: 'delete', ref: refOf('Experiment', each) }),
      ),
    ],
    events: [...draft.events, ...creationNotes(kept)],
  };
}

function keptExperiment(release: Release, draft: Draft): Kept | undefined {
  const { status } = draft;
  const { current: canary, stable } = release;
  const then = withStatus(release, status);
  const index = status.currentStepIndex ?? 0;
  const step = release.rollout.spec?.strategy?.canary?.steps?.[index]?.experiment;
  if (isUnjudged(then, status) || !step) return undefined;
  // What was retried shows in the status before this turn.
  const found = currentExperiment({
    ...release,
    status: { ...release.status, currentStepIndex: index },
  });
  if (found) return { experiment: found };
  const isPaused =
    hasPause(status, pauseReasons.inconclusive) || (status.pauseConditions ?? []).length > 0;
  if (isPaused || !canary || !stable) return undefined;
  const earlier = begunBefore(release, index);
  if (earlier) return { experiment: earlier };
  const made = newExperiment(
    release,
    step,
    { canary, stable },
    { index, revision: draft.revision },
  );
  return 'fault' in made ? undefined : { experiment: made.experiment, isNew: true };
}

/** One that was created before the status could name it, and that nobody has seen since. */
function begunBefore(release: Release, index: number): Experiment | undefined {
  const { record, rollout } = release.observed;
  const known = (record?.managed ?? []).filter(({ kind }) => kind === 'Experiment');
  const isKnown = record?.progress?.uid === uidOf(rollout);
  return experimentsOf(release).findLast((each) => {
    const isSeen = !isKnown || known.some(({ name }) => name === nameOf(each));
    const goesOn = !each.spec?.terminate && !each.metadata?.deletionTimestamp;
    return goesOn && isOfStep(release, each, index) && (!isEnded(each) || !isSeen);
  });
}

function creation(kept: Kept | undefined): Write[] {
  return kept?.isNew
    ? [{ phase: 'create', do: 'create', kind: 'Experiment', object: kept.experiment }]
    : [];
}

function creationNotes(kept: Kept | undefined): PlannedEvent[] {
  const message = `Created Experiment '${nameOf(kept?.experiment ?? {})}'`;
  return kept?.isNew
    ? [{ type: 'Normal', reason: 'ExperimentCreated', message, ofObject: true }]
    : [];
}

/** Its pods go after their delay, and its runs end. */
function termination(experiment: Experiment): Write[] {
  const { spec, metadata } = experiment;
  if (isEnded(experiment) || spec?.terminate || metadata?.deletionTimestamp) return [];
  const ref = refOf('Experiment', experiment);
  return [{ phase: 'metadata', do: 'patch', ref, patch: { spec: { terminate: true } } }];
}

/**
 * The status names the one that goes on, the one that could not tell, and one that has succeeded while
 * something else holds its step, such as a person's pause: a step whose Experiment nobody knows gets another.
 */
function withCurrent(status: RolloutStatus, kept: Kept | undefined): RolloutStatus {
  const { currentExperiment: _, ...rest } = status.canary ?? {};
  const canary = { ...rest, ...(kept && { currentExperiment: nameOf(kept.experiment) }) };
  const isEmpty = status.canary === undefined && Object.keys(canary).length === 0;
  return isEmpty ? status : { ...status, canary };
}
