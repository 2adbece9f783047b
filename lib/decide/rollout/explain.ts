import type { RolloutStatus } from '../../model/argo.generated.ts';
import { largest } from '../../model/extremes.ts';
import { pauseReasons } from '../../model/names.ts';
import { type Reason, safetyMs, type Wake } from '../../model/plan.ts';
import type { RefusedMetadata } from '../../model/record.ts';
import { fromTime, type Millis, secondMs } from '../../model/units.ts';
import {
  availableOf,
  currentOf,
  desiredOf,
  nameOf,
  replicasOf,
  revisionOf,
} from '../../model/workload.ts';
import { failedText, lastFailed } from '../analysis/measured.ts';
import { phaseWords } from '../analysis/outcome.ts';
import { faultReason, invalidRetryMs, mendedWhy } from '../guards/guards.ts';
import { type Counts, goalCounts, limitsOf } from '../release/counts.ts';
import { isHandedBack } from '../release/handback.ts';
import { isOfRelease } from '../release/pauseReason.ts';
import { pollDelay } from '../release/polling.ts';
import {
  currentHash,
  haltReason,
  isBlueGreen,
  isFullyPromoted,
  isHeldByFault,
  type Release,
  setsOf,
  withStatus,
} from '../release/release.ts';
import { runsOf } from '../release/runs.ts';
import { isRouted } from '../release/traffic.ts';
import { retryAt } from '../replicaSets/metadata.ts';
import { evictRetryMs, openRestart, restartPods } from '../replicaSets/restart.ts';
import { keepsSizes } from '../replicaSets/scale.ts';
import { previewSize, scaleDownAt } from '../replicaSets/scaleDownDelay.ts';
import { conditionOf, reasons } from '../status/conditions.ts';
import { deadlineAt } from '../status/progress.ts';
import { pauseEnd, pauseSeconds, releasePause } from '../steps/pause.ts';
import { routedCounts } from '../steps/routedCounts.ts';
import { currentStep, stepIndexOf, stepsOf } from '../steps/steps.ts';
import { sizingWeight } from '../steps/weight.ts';
import { withTraffic } from '../traffic/observedTraffic.ts';
import { analysisReasons, analysisWakes } from './explainAnalyses.ts';
import { experimentReasons } from './explainExperiments.ts';
import { trafficReasons, trafficWakes } from './explainTraffic.ts';

/** Why the release stands where it does, and when to look again. From the status after the turn. */
export function explain(
  release: Release,
  after: RolloutStatus,
  metadata?: RefusedMetadata,
): { reasons: Reason[]; wake: Wake } {
  const then: Release = isRouted(release.rollout)
    ? withTraffic(withStatus(release, after))
    : { ...release, status: after, rollout: { ...release.rollout, status: after } };
  const found = [
    then.fault && faultReason(then.fault),
    refusedReason(then),
    lostReason(then),
    userPause(then),
    abortReason(then),
    pauseReason(then),
    restartReason(then),
    wayBackReason(then),
    ...podReasons(then),
    ...analysisReasons(then),
    ...experimentReasons(then),
    ...trafficReasons(then),
    stuckReason(then),
    keptReason(then),
    metadataReason(metadata),
  ].filter((reason): reason is Reason => reason !== undefined);
  const wake = nextWake(then, found);
  if (metadata === undefined) return { reasons: found, wake };
  const at = Math.max(retryAt(metadata), release.now + secondMs);
  if ('at' in wake && wake.at <= at) return { reasons: found, wake };
  return { reasons: found, wake: { at, why: 'the metadata that was refused' } };
}

/** The soonest of all known times; a change that is only waited for needs none. */
function nextWake(release: Release, found: Reason[]): Wake {
  const { now, observed, status } = release;
  const times: { at: Millis; why: string }[] = [];
  const add = (at: Millis | undefined, why: string) => at !== undefined && times.push({ at, why });
  if (!isHeld(release)) add(pauseEnd(release), 'the end of the pause');
  if (release.fault) add(now + invalidRetryMs, mendedWhy(release.fault));
  const deadline = deadlineAt(release, status);
  add(deadline === undefined ? undefined : deadline + secondMs, 'the progress deadline');
  for (const at of release.all.map(scaleDownAt)) {
    if (at !== undefined && at > now) add(at, 'the end of a version that is kept');
  }
  for (const [at, why] of [...trafficWakes(release), ...analysisWakes(release)]) add(at, why);
  const restart = openRestart(release, now);
  if (restart) add(restart.isDue ? now + evictRetryMs : restart.at, 'the restart');
  if (isMoving(release)) add(now + pollDelay(observed), 'pods that come or go');
  // No notice tells of Services, which requests are sent to.
  else if ((!observed.doorbell || isRouted(release.rollout)) && isInRelease(release))
    add(now + safetyMs, 'a change nobody announces');
  // What has passed without an effect in this turn has none in the next either, and hides nothing else.
  const ahead = times.map(({ at, why }) => ({ at: at > now ? at : now + safetyMs, why }));
  const soonest = ahead.sort((a, b) => a.at - b.at)[0];
  if (soonest) return soonest;
  return { waitsFor: found[0]?.unblock ?? 'a change of the spec' };
}

/** Something other than the step's own pause keeps the release where it is. */
function isHeld(release: Release): boolean {
  const { rollout, status } = release;
  const pauses = status.pauseConditions ?? [];
  if (isHeldByFault(release)) return true;
  return rollout.spec?.paused === true || pauses.some(({ reason }) => !isOfRelease(reason));
}

/** Whether anything is on its way that ends by itself: pods, sizes, a restart. */
function isMoving(release: Release): boolean {
  const unsettled = release.all.some((set) => {
    const wanted = desiredOf(set);
    const observed = set.status?.observedGeneration ?? 0;
    const isSeen = observed >= (set.metadata?.generation ?? 0);
    return !isSeen || currentOf(set) !== wanted || availableOf(set) !== wanted;
  });
  return unsettled || release.status.phase === 'Progressing';
}

function isInRelease(release: Release): boolean {
  return !isFullyPromoted(release) || release.rollout.spec?.paused === true;
}

function userPause(release: Release): Reason | undefined {
  if (!release.rollout.spec?.paused || haltReason(release) === undefined) return undefined;
  const held = keepsSizes(release)
    ? 'no ReplicaSet is resized meanwhile'
    : 'the active Service is not switched meanwhile';
  return {
    text: `A person paused the rollout (spec.paused); ${held}.`,
    unblock: 'resume (or promote), or set spec.paused to false',
  };
}

function refusedReason({ observed }: Release): Reason | undefined {
  const { refused, remedy = 'put that right' } = observed.record ?? {};
  if (refused === undefined) return undefined;
  return { text: `The API server refuses a write: ${refused}`, unblock: remedy, mark: 'refused' };
}

function metadataReason(refused: RefusedMetadata | undefined): Reason | undefined {
  if (refused === undefined) return undefined;
  const text = `The API server refuses metadata of a role: ${refused.why}`;
  return { text, since: refused.at, until: retryAt(refused), unblock: 'allow it, or change it' };
}

function lostReason(release: Release): Reason | undefined {
  const pause = (release.status.pauseConditions ?? [])[0];
  if (pause?.reason === pauseReasons.statusLost) {
    return {
      text: 'The status was wiped in mid-release and does not fit the record, so no version is released.',
      since: fromTime(pause.startTime),
      unblock: release.stable
        ? 'look at the ReplicaSets, then promote to start at the first step, or abort'
        : 'look at the ReplicaSets: promote makes the template of the spec the stable version',
    };
  }
  if (pause?.reason !== pauseReasons.stableLost) return undefined;
  return {
    text: 'The stable ReplicaSet was deleted in mid-release: there is nothing to go back to.',
    since: fromTime(pause.startTime),
    unblock: 'promote to make the canary the stable version, or set another image',
  };
}

function abortReason(release: Release): Reason | undefined {
  const { status } = release;
  if (!status.abort || isFullyPromoted(release)) return undefined;
  const since = status.abortedAt ? { since: fromTime(status.abortedAt) } : {};
  const said = conditionOf(status, 'Progressing')?.message ?? 'The release was aborted';
  const back = release.stable
    ? 'The pods go back to the stable version.'
    : 'No stable version is known that it could go back to.';
  const failed = lastFailed(runsOf(release), currentHash(release));
  const measured = failed && said.includes(phaseWords) ? failedText(failed) : '';
  return {
    text: `${said.replace(/\.$/, '')}. ${measured && `${measured}. `}${back}`,
    ...since,
    unblock: 'retry to start again at the first step, or change the template',
  };
}

function pauseReason(release: Release): Reason | undefined {
  const pause = releasePause(release.status);
  const step = currentStep(release.rollout);
  if (isHeldByFault(release) || !pause || (!isBlueGreen(release) && !step?.pause)) return undefined;
  const until = pauseEnd(release);
  const where = isBlueGreen(release)
    ? 'before the switch of the active Service'
    : `at step ${stepIndexOf(release.rollout) + 1} of ${stepsOf(release.rollout).length}`;
  const since = fromTime(pause.startTime);
  if (until === undefined) {
    return { text: `It is paused ${where} until somebody promotes it.`, since, unblock: 'promote' };
  }
  const span = step?.pause?.duration ?? `${pauseSeconds(release.rollout)}s`;
  const text = `It keeps the pause of ${span} ${where}.`;
  return { text, since, until, unblock: 'promote ends the pause early' };
}

/** The pods that serve are not the rollout's. */
function wayBackReason(release: Release): Reason | undefined {
  const { observed, rollout } = release;
  const { workload } = observed;
  if (isHeldByFault(release) || !workload || !isHandedBack({ observed, rollout })) return undefined;
  const name = `${workload.kind} ${nameOf(workload.object)}`;
  return {
    text: `The rollout is to have no pods: traffic is left to those of ${name}.`,
    unblock: 'scale the rollout up',
  };
}

/** Versions that were replaced and still run, for a way back. */
function keptReason(release: Release): Reason | undefined {
  const kept = release.all.filter((set) => scaleDownAt(set) !== undefined && currentOf(set) > 0);
  const last = largest(kept.map((set) => scaleDownAt(set) ?? 0));
  const text = `Pods of ${kept.map(nameOf).join(', ')} are kept for a while.`;
  return kept.length > 0 ? { text, until: last } : undefined;
}

function restartReason(release: Release): Reason | undefined {
  const open = openRestart(release, release.now);
  if (!open) return undefined;
  const { restartAt, at, isDue } = open;
  if (!isDue) return { text: `All pods are to be replaced at ${restartAt}.`, until: at };
  const restart = restartPods(release);
  const text = `Pods created before ${restartAt} are being replaced`;
  if (!restart || restart.isDone) return { text: `${text}.`, since: at };
  const counted = `${text}: ${restart.old.length} left.`;
  const isGoing = restart.old.some((pod) => pod.metadata?.deletionTimestamp);
  if (restart.evicts.length > 0 || isGoing) {
    return { text: counted, since: at, unblock: 'disruption budgets that let them go' };
  }
  const held = `${counted} No more may be missing at a time.`;
  return { text: held, since: at, unblock: 'pods becoming available' };
}

function goalOf(release: Release): Counts {
  const { rollout } = release;
  if (isHeldByFault(release)) {
    const { canary, stable } = setsOf(release);
    return { canary: canary ? desiredOf(canary) : 0, stable: stable ? desiredOf(stable) : 0 };
  }
  if (isRouted(release.rollout)) return routedCounts(release);
  if (!isBlueGreen(release)) {
    return goalCounts(setsOf(release), sizingWeight(rollout), limitsOf(rollout));
  }
  // An aborted version is kept as it is, or goes.
  const canary = release.status.abort ? 0 : previewSize(release);
  return { canary, stable: replicasOf(rollout) };
}

/** What is missing in pods before the next step: of the new version, then of the old. */
function podReasons(release: Release): (Reason | undefined)[] {
  // What is missing does not come, and what is too much does not go.
  if (keepsSizes(release)) return [];
  const sets = setsOf(release);
  const goal = goalOf(release);
  const progressing = conditionOf(release.status, 'Progressing');
  const deadline = deadlineAt(release, release.status);
  const since = progressing ? { since: fromTime(progressing.lastUpdateTime) } : {};
  const until = deadline === undefined ? {} : { until: deadline };
  const named = release.current ? ` of revision ${revisionOf(release.current)}` : '';
  const found: (Reason | undefined)[] = [];
  const available = sets.canary ? availableOf(sets.canary) : 0;
  if (available < goal.canary) {
    found.push({
      text: `${available} of ${goal.canary} pods${named} are available.`,
      ...since,
      ...until,
      unblock: `pods of ${sets.canary ? nameOf(sets.canary) : currentHash(release)} becoming ready`,
    });
  }
  const stable = sets.stable;
  if (stable && availableOf(stable) < goal.stable) {
    found.push({
      text: `${availableOf(stable)} of ${goal.stable} stable pods are available.`,
      ...since,
      unblock: `pods of ${nameOf(stable)} becoming ready`,
    });
  }
  const wanted = replicasOf(release.rollout);
  if (stable && currentOf(stable) > goal.stable && available >= goal.canary) {
    found.push({ text: `Stable pods are going away: ${currentOf(stable)} of ${wanted} are left.` });
  }
  const left = sets.others.filter((set) => currentOf(set) > 0 && scaleDownAt(set) === undefined);
  const going = left.filter((set) => currentOf(set) > desiredOf(set));
  if (going.length > 0) {
    found.push({ text: `Pods of ${going.map(nameOf).join(', ')} are going away.` });
  }
  const isPlain = !isBlueGreen(release) && !isRouted(release.rollout);
  const staying = !isPlain ? [] : left.filter((set) => !going.includes(set));
  if (staying.length > 0) {
    const names = staying.map(nameOf).join(', ');
    found.push({ text: `Pods of ${names} stay until others can take their place.` });
  }
  return found;
}

function stuckReason(release: Release): Reason | undefined {
  const progressing = conditionOf(release.status, 'Progressing');
  if (progressing?.reason !== reasons.timedOut) return undefined;
  return {
    text: `${progressing.message} It made no progress within progressDeadlineSeconds.`,
    since: fromTime(progressing.lastTransitionTime),
    unblock: 'repair the pods, abort, or change the template',
  };
}
