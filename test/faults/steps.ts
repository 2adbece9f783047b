import type { ReplicaSet, Rollout, RolloutStatus } from '../../lib/model/argo.generated.ts';
import { fieldManager, pauseReasons } from '../../lib/model/names.ts';
import { durationSeconds, fromTime, secondMs } from '../../lib/model/units.ts';
import {
  availableOf,
  createdAt,
  currentOf,
  podHashOf,
  replicasOf,
  uidOf,
  versionOf,
} from '../../lib/model/workload.ts';
import { isRouted, judgeSentWeight } from './routes.ts';
import { isBlueGreen } from './scenario.ts';
import { hasConsent, hasPassedPreview, leadsTo } from './traffic.ts';
import { countTruth, isByAnalysis, isByExperiment, isOfRelease, stepPauseOf } from './truth.ts';
import type { Context, RolloutWrite, Turn } from './watchdog.ts';

// Steps, pauses and the exchange of the stable version: each of Serin's writes to the status must have
// a reason that lies in what was before it.

export type StepWatch = {
  begin: (rollout: Rollout) => void;
  /** Counts what has truly happened, for the ledger to be held against. */
  count: (before: Rollout, after: Rollout, isOurs: boolean) => void;
  byOthers: (before: Rollout, after: Rollout) => void;
  byUs: (write: RolloutWrite) => void;
  /** A pause was lifted by a command, whoever carried it out. */
  lift: (before: Rollout) => void;
  /** Whether somebody lifted the pause it stands at. */
  isLifted: (rollout: Rollout) => boolean;
  setGone: (set: ReplicaSet) => void;
  /** By uid and kind of ledger entry. */
  truth: Map<string, number>;
  features: Map<string, number>;
};

type Known = {
  uid: string;
  stable?: string;
  /** The stable ReplicaSet that went. */
  gone?: Gone;
  /** A person said go on, since the status or the stable version was lost. */
  person: boolean;
  wasAborted: boolean;
  /** The last there was, before it was wiped. */
  last?: RolloutStatus;
  /** Where the pause was that somebody lifted. */
  lifted?: string;
  /** The same of a status that was wiped since, and the version that wiped it. */
  liftedOnce?: { place: string; until: number };
};

type Gone = {
  uid: string;
  /** What was being released then. */
  during: string;
  /** Somebody has released another template since. */
  isReplaced: boolean;
};

export function watchSteps(context: Context): StepWatch {
  const truth = new Map<string, number>();
  const features = new Map<string, number>();
  let known: Known = { uid: '', person: false, wasAborted: false };
  const happened = (name: string): void => {
    features.set(name, (features.get(name) ?? 0) + 1);
  };
  const lift = (before: Rollout): void => {
    const pauses = before.status?.pauseConditions ?? [];
    if (pauses.some(isOfRelease)) known.lifted = placeOf(before);
    if (!pauses.every(isOfRelease)) known.person = true;
  };
  return {
    truth,
    features,
    lift,
    isLifted: (rollout) => isLifted(known, rollout),
    begin: (rollout) => {
      known = { uid: uidOf(rollout), person: false, wasAborted: false };
    },
    count: (before, after, isOurs) => {
      const { last = before.status ?? {} } = known;
      // What a wiped status is judged by is what was there before it was wiped.
      const { status = {} } = after;
      if (!isEmpty(status) && !isEmpty(before.status ?? {}))
        known.wasAborted = after.status?.abort === true;
      if (!isEmpty(status)) known.last = status;
      const { currentPodHash } = status;
      if (known.gone && currentPodHash && currentPodHash !== known.gone.during) {
        known.gone.isReplaced = true;
      }
      countTruth(truth, { before, after, last, isOurs });
    },
    byOthers: (before, after) => {
      const { status: was = {} } = before;
      const { status: is = {} } = after;
      const isWipe = isEmpty(is) && !isEmpty(was);
      if (isWipe) {
        known.person = false;
        const { lifted: place } = known;
        if (place) known.liftedOnce = { place, until: Number(versionOf(after)) };
        delete known.lifted;
        happened('status wiped');
        return;
      }
      // A promote that no step has heard goes with the next: two promotes are two steps.
      const isMoved = known.lifted === placeOf(before);
      if (isMoved) known.lifted = placeOf(after);
      const left = is.pauseConditions ?? [];
      if (was.pauseConditions?.length && left.length === 0) lift(before);
      if (is.promoteFull && !was.promoteFull) known.person = true;
    },
    setGone: (set) => {
      if (podHashOf(set) !== known.stable) return;
      const { status = {} } = context.live() ?? {};
      known.gone = goneIn(status, set);
      // Where the status knew of no stable version, a person has agreed to go on without one.
      if (status.stableRS) known.person = false;
      happened('stable ReplicaSet deleted');
    },
    byUs: (write) => {
      const judged = { ...write, context, known, happened };
      judgeRival(judged);
      judgeStable(judged);
      judgeAbort(judged);
      judgeSteps(judged);
    },
  };
}

function goneIn({ currentPodHash = '' }: RolloutStatus, set: ReplicaSet | undefined): Gone {
  return { uid: uidOf(set ?? {}), during: currentPodHash, isReplaced: false };
}

/** Not a write, but an abort, for as long as the shortest back-off after another controller's. */
const keptAwayMs = 8 * secondMs;

function judgeRival({ context, after, turn }: Judged): void {
  if (after.status?.abort) return;
  const entries = (turn.rollout?.metadata?.managedFields ?? []).filter(
    ({ subresource }) => subresource === 'status',
  );
  const latest = (manager: string): number =>
    fromTime(entries.find((entry) => entry.manager === manager)?.time ?? '1970-01-01T00:00:00Z');
  const at = latest('rollouts-controller');
  const controls = entries.some(
    ({ manager, fieldsV1 }) =>
      manager === 'rollouts-controller' && /f:(conditions|observed)/.test(JSON.stringify(fieldsV1)),
  );
  if (controls && at > latest(fieldManager) && turn.at - at < keptAwayMs && turn.at >= at) {
    context.fail('keeps away from a rival', `wrote ${turn.at - at} ms after another controller`);
  }
}

type Judged = RolloutWrite & {
  context: Context;
  known: Known;
  happened: (name: string) => void;
};

function placeOf({ status = {} }: Rollout): string {
  const { currentPodHash, currentStepHash, currentStepIndex = 0 } = status;
  return `${currentPodHash}/${currentStepHash}/${currentStepIndex}`;
}

/** A turn that read the status before it was wiped acts on what it read. */
function isLifted({ lifted, liftedOnce }: Known, rollout: Rollout): boolean {
  const place = placeOf(rollout);
  const wasLifted = liftedOnce?.place === place && Number(versionOf(rollout)) < liftedOnce.until;
  return lifted === place || wasLifted;
}

function isEmpty(status: RolloutStatus): boolean {
  return !status.currentPodHash && !status.stableRS;
}

function statusesOf({ before, after }: RolloutWrite): { was: RolloutStatus; is: RolloutStatus } {
  return { was: before.status ?? {}, is: after.status ?? {} };
}

function judgeStable(judged: Judged): void {
  const { context, known, turn, happened } = judged;
  const { was, is } = statusesOf(judged);
  const reasons = (is.pauseConditions ?? []).map(({ reason }) => reason);
  if (isEmpty(was) && reasons.includes(pauseReasons.statusLost)) happened('lost status held');
  else if (isEmpty(was) && known.stable !== undefined) happened('lost status put back');
  if (isFirst(judged)) delete known.stable;
  const exists = (hash?: string) => context.sets().some((set) => podHashOf(set) === hash);
  if (is.stableRS === known.stable && exists(known.stable)) delete known.gone;
  if (!is.stableRS || is.stableRS === known.stable) return;
  const move = `stable ${known.stable} -> ${is.stableRS}`;
  // Held for a person, with the stable version of the record: the template may have it again by now.
  const isHeld = reasons.includes(pauseReasons.statusLost);
  const isOfRecord = is.stableRS === context.memory.record?.progress?.stableRS;
  const isOther = is.stableRS !== is.currentPodHash;
  const isBack = isEmpty(was) && (isOther || (isHeld && isOfRecord));
  // A record that lags behind may know an older stable version: to go back to it promotes nothing.
  if (isBack) known.stable = is.stableRS;
  if (isBack) return;
  const reason = known.stable === undefined ? 'initial deploy' : reasonOf(judged);
  if (reason === undefined) {
    context.fail('stable exchanged', `${move} for no reason, at ${placeOf(judged.before)}`);
  } else {
    happened(`promoted: ${reason}`);
    const isBare = ['initial deploy', 'a person', 'switched'].includes(reason);
    if (!isBare && !hasPods(turn, is)) {
      context.fail('stable exchanged', `${move} (${reason}) without its pods`);
    }
  }
  known.stable = is.stableRS;
  delete known.gone;
  delete known.lifted;
  // Deleted between the look and the write.
  const seen = (turn.sets ?? []).find((set) => podHashOf(set) === is.stableRS);
  if (!exists(is.stableRS)) known.gone = goneIn(is, seen);
}

/** Wiped, and nothing anywhere tells it from a first deployment: neither a record nor another version. */
function isFirst(judged: Judged): boolean {
  const { context, turn } = judged;
  const { was, is } = statusesOf(judged);
  const others = (turn.sets ?? []).filter((set) => podHashOf(set) !== is.currentPodHash);
  const isAlone = others.every((set) => currentOf(set) === 0);
  const isUnknown = !context.memory.record?.progress?.stableRS;
  return isEmpty(was) && !is.stableRS && !is.pauseConditions && isAlone && isUnknown;
}

function reasonOf(judged: Judged): string | undefined {
  const { before, known, turn } = judged;
  const { was: found, is } = statusesOf(judged);
  // One that was wiped may be put back and go on in the same turn.
  const was = isEmpty(found) ? (known.last ?? found) : found;
  if (isEmpty(found) && was.currentPodHash !== is.currentPodHash) return undefined;
  const seen = (turn.sets ?? []).find((set) => podHashOf(set) === known.stable);
  // One that was made again after it was deleted is no version to go back to; one that was deleted
  // after the look was there for all that this turn could know.
  const hasStable = seen !== undefined && (!known.gone || uidOf(seen) === known.gone.uid);
  if (!hasStable) {
    return known.person || known.gone?.isReplaced || was.promoteFull ? 'a person' : undefined;
  }
  if (was.stableRS === undefined) return known.person ? 'a person' : undefined;
  if (was.promoteFull) return 'full';
  if (isWithinWindow(judged)) return 'rollback window';
  const count = before.spec?.strategy?.canary?.steps?.length ?? 0;
  // Whether it may lead there was judged when it was switched.
  if (isBlueGreen(before)) {
    if (carriesTraffic(judged)) return 'switched';
    return isAgreedTo(judged) ? 'switched without pods' : undefined;
  }
  if (count === 0) return 'no steps';
  return was.currentStepIndex === count ? 'all steps' : undefined;
}

function carriesTraffic({ before, after, context }: Judged): boolean {
  const name = before.spec?.strategy?.blueGreen?.activeService ?? '';
  const service = context.cluster.read.find('Service', context.key.namespace, name);
  // Somebody may delete it after the turn has read it: without it from the start nothing is promoted.
  return !service || leadsTo(service) === after.status?.currentPodHash;
}

/** The Deployment has the traffic, and a rollout without pods goes on as somebody or the spec has said. */
function isAgreedTo({ turn, known, context }: Judged): boolean {
  const { rollout, workload } = turn;
  if (!rollout || !workload || replicasOf(rollout) > 0) return false;
  const name = rollout.spec?.strategy?.blueGreen?.activeService ?? '';
  const service = context.cluster.read.find('Service', context.key.namespace, name);
  const steps = { isLifted: (each: Rollout): boolean => isLifted(known, each) };
  const isAgreed = hasPassedPreview(rollout) || hasConsent(steps, turn, rollout);
  return leadsTo(service) === '' && isAgreed;
}

function hasPods(turn: Turn, status: RolloutStatus): boolean {
  const { rollout, sets = [] } = turn;
  const set = sets.find((each) => podHashOf(each) === status.currentPodHash);
  const available = set ? availableOf(set) : 0;
  return available >= enough(rollout ?? {}, replicasOf(rollout ?? {}));
}

/** How many of so many pods must be there for a release to go on. */
function enough(rollout: Rollout, wanted: number): number {
  const threshold = rollout.spec?.strategy?.canary?.replicaProgressThreshold;
  if (!threshold) return wanted;
  const { type, value } = threshold;
  return type === 'Percent' ? (wanted * value) / 100 : Math.min(value, wanted);
}

function isWithinWindow({ before, turn, after }: Judged): boolean {
  const revisions = before.spec?.rollbackWindow?.revisions ?? 0;
  const { sets = [] } = turn;
  const byHash = (hash?: string) => sets.find((set) => podHashOf(set) === hash);
  const current = byHash(after.status?.currentPodHash);
  const stable = byHash(before.status?.stableRS);
  if (!current || !stable || createdAt(current) >= createdAt(stable)) return false;
  const between = sets.filter(
    (set) => createdAt(set) > createdAt(current) && createdAt(set) < createdAt(stable),
  );
  return between.length < revisions;
}

function judgeAbort(judged: Judged): void {
  const { context, known, before, turn, happened } = judged;
  const { was, is } = statusesOf(judged);
  // Other steps begin the release anew, as another template does.
  const isSameSteps = was.currentStepHash === is.currentStepHash;
  if (was.abort && !is.abort && isSameSteps && was.currentPodHash === is.currentPodHash) {
    const isOver = is.stableRS === is.currentPodHash || was.promoteFull || isWithinWindow(judged);
    if (!isOver) context.fail('abort kept', `the abort was dropped at ${placeOf(before)}`);
  }
  if (was.abort || !is.abort) return;
  if (isEmpty(was)) {
    // A retry right before the wipe is in no record.
    const wasAborted = known.wasAborted || context.memory.record?.progress?.abort;
    if (!wasAborted) context.fail('abort', 'a status is put back as aborted and was not');
    return;
  }
  if (isByExperiment(is)) return;
  happened(isByAnalysis(is) ? 'aborted by an analysis' : 'aborted by deadline');
  if (isByAnalysis(is)) return;
  const { progressDeadlineAbort, progressDeadlineSeconds = 600 } = before.spec ?? {};
  const progressing = was.conditions?.find(({ type }) => type === 'Progressing');
  const since = fromTime(progressing?.lastUpdateTime ?? '');
  const isWrong = !progressDeadlineAbort || turn.at <= since + progressDeadlineSeconds * secondMs;
  if (isWrong) context.fail('abort', `aborted by itself at ${placeOf(before)}, since ${since}`);
}

function judgeSteps(judged: Judged): void {
  const { context, turn, happened, known } = judged;
  const { was, is } = statusesOf(judged);
  const pauseBefore = stepPauseOf(was);
  const pauseAfter = stepPauseOf(is);
  if (pauseAfter && pauseAfter !== pauseBefore && !isEmpty(was)) {
    happened('pause begun');
    if (fromTime(pauseAfter) < turn.at) {
      context.fail('pauses', `a pause begins at ${pauseAfter}, before it was decided`);
    }
  }
  const isSame =
    was.currentPodHash === is.currentPodHash && was.currentStepHash === is.currentStepHash;
  if (!isSame || was.abort || is.abort) return;
  const isDone = is.stableRS === is.currentPodHash;
  if (isDone || was.promoteFull || isWithinWindow(judged)) return;
  const from = was.currentStepIndex ?? 0;
  const to = is.currentStepIndex ?? 0;
  if (to > from + 1) context.fail('one step at a time', `from step ${from} to ${to}`);
  else if (to > from) judgeStep(judged, from);
  else if (pauseBefore && pauseAfter !== pauseBefore && !isBlueGreen(judged.before)) {
    context.fail('pauses', `the pause of ${pauseBefore} became ${pauseAfter ?? 'none'}`);
  }
  if (to > from) delete known.lifted;
}

/** Whether the step that was left was done. */
function judgeStep(judged: Judged, index: number): void {
  const { context, before, known, turn, happened } = judged;
  const { was } = statusesOf(judged);
  const step = before.spec?.strategy?.canary?.steps?.[index];
  if (step?.setWeight !== undefined) {
    if (isRouted(before)) judgeSentWeight(context, turn, before, index);
    else judgeWeight(judged, step.setWeight, index);
    return;
  }
  // A scale or a route of a step is done as soon as it is there.
  if (step && !step.pause) return;
  const isLifted = known.lifted === placeOf(before);
  const start = stepPauseOf(was);
  const { duration } = step?.pause ?? {};
  if (isLifted) {
    happened(duration === undefined ? 'pause promoted' : 'timed pause cut short');
    return;
  }
  if (duration === undefined) {
    context.fail('indefinite pause', `step ${index} was passed and nobody had promoted it`);
    return;
  }
  const askedMs = durationSeconds(duration) * secondMs;
  if (start === undefined) context.fail('timed pause', `step ${index} was passed, never begun`);
  else if (turn.at < fromTime(start) + askedMs) {
    context.fail(
      'timed pause',
      `step ${index}: ${turn.at - fromTime(start)} of ${askedMs} ms kept`,
    );
  } else happened('timed pause kept');
}

function judgeWeight({ context, turn }: Judged, weight: number, index: number): void {
  const { rollout = {}, sets = [] } = turn;
  const hash = context.live()?.status?.currentPodHash;
  const set = sets.find((each) => podHashOf(each) === hash);
  const available = set ? availableOf(set) : 0;
  const replicas = replicasOf(rollout);
  const exact = (replicas * weight) / 100;
  // Without a surge, half a pod short of all of them is none in the peer's arithmetic.
  const isTied = exact % 1 === 0.5 && Math.ceil(exact) === replicas;
  const least = isTied ? 0 : Math.max(Math.floor(exact), weight > 0 && replicas > 1 ? 1 : 0);
  const needed = Math.floor(enough(rollout, least));
  if (available < needed) {
    context.fail('weight', `step ${index} (${weight}%) done with ${available} of ${needed} pods`);
  }
}
