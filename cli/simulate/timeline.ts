import type { ReplicaSet } from '../../lib/model/argo.generated.ts';
import { defined } from '../../lib/model/defined.ts';
import { hashLabel } from '../../lib/model/names.ts';
import type { Reason } from '../../lib/model/plan.ts';
import { fromTime, humanDuration, type Millis, secondMs } from '../../lib/model/units.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { availableOf, desiredOf, sum } from '../../lib/model/workload.ts';

/** Wanted and available pods of one version. */
type PodCounts = { desired: number; available: number };

/** What was so at one moment of a release, and what had just happened. */
export type Step = {
  atSeconds: number;
  phase: string;
  message: string;
  /** How many steps are done, and of how many; null where there are none. */
  stepIndex: number | null;
  stepCount: number;
  setWeight: number | null;
  /** What routers send to the new pods, once a load balancer does so too; null where there is no router. */
  sentWeight: number | null;
  newPods: PodCounts;
  oldPods: PodCounts;
  /** Those of the Experiments of its steps, of whichever version. */
  experimentPods: PodCounts;
  happened: string[];
};

/** Why it stands where it stands, in seconds since the start of the release. */
export type Waiting = {
  text: string;
  sinceSeconds?: number;
  untilSeconds?: number;
  unblock?: string;
};

export type Timeline = {
  steps: Step[];
  /** When it last came further, in the sense that counts: another phase or another step. */
  progressAt: () => Millis;
  /** Something to tell with the next step. */
  tell: (text: string) => void;
  /** Takes a look; adds a step if anything is different from the last. */
  note: (now: Millis, view: RolloutView, replicaSets: ReplicaSet[]) => void;
};

/** A release as it unfolds. `oldHash` is the pod template hash of what ran before it. */
export function timeline(startMs: Millis, oldHash: string): Timeline {
  const steps: Step[] = [];
  const told: string[] = [];
  let progressAt = startMs;
  const note: Timeline['note'] = (now, view, replicaSets) => {
    const last = steps.at(-1);
    const isOld = (set: ReplicaSet) => set.metadata?.labels?.[hashLabel] === oldHash;
    const own = replicaSets.filter((set) => !isOfExperiment(set));
    const step: Step = {
      atSeconds: secondsSince(startMs, now),
      phase: view.phase,
      message: view.message,
      stepIndex: view.step?.index ?? null,
      stepCount: view.step?.count ?? 0,
      setWeight: view.setWeight ?? null,
      sentWeight: sentWeight(view, last, oldHash),
      newPods: countsOf(own.filter((set) => !isOld(set))),
      oldPods: countsOf(own.filter(isOld)),
      experimentPods: countsOf(replicaSets.filter(isOfExperiment)),
      happened: told.splice(0),
    };
    if (last?.phase !== step.phase || last.stepIndex !== step.stepIndex) progressAt = now;
    if (last === undefined || last.atSeconds !== step.atSeconds) {
      step.happened.push(...podNews(last, step), ...weightNews(last, step));
      if (step.happened.length === 0 && last?.message !== step.message && step.message !== '') {
        step.happened.push(sentence(step.message));
      }
      if (last === undefined || isNews(last, step)) steps.push(step);
      return;
    }
    // Several turns at one instant are one step to whoever reads it.
    const before = steps.at(-2);
    const events = [...last.happened.filter((text) => !isDerived(text)), ...step.happened];
    const news = [...podNews(before, step), ...weightNews(before, step)];
    steps[steps.length - 1] = { ...step, happened: [...events, ...news] };
  };
  const tell = (text: string) => told.push(relativeTimes(text, startMs));
  return { steps, progressAt: () => progressAt, tell, note };
}

export function waitingOf(reasons: Reason[], startMs: Millis): Waiting[] {
  return reasons.map(({ text, since, until, unblock }) => ({
    text: relativeTimes(text, startMs),
    ...(since === undefined ? {} : { sinceSeconds: secondsSince(startMs, since) }),
    ...(until === undefined ? {} : { untilSeconds: secondsSince(startMs, until) }),
    ...defined({ unblock }),
  }));
}

/** The dates of a simulation mean nothing; how long after its start they are does. */
function relativeTimes(text: string, startMs: Millis): string {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => {
    const sinceMs = fromTime(time) - startMs;
    return sinceMs < 0 ? time : `${humanDuration(sinceMs)} after the start`;
  });
}

function secondsSince(startMs: Millis, at: Millis): number {
  return (at - startMs) / secondMs;
}

function countsOf(sets: ReplicaSet[]): PodCounts {
  return { desired: sum(sets, desiredOf), available: sum(sets, availableOf) };
}

function isOfExperiment({ metadata }: ReplicaSet): boolean {
  return (metadata?.ownerReferences ?? []).some(
    ({ kind, controller }) => kind === 'Experiment' && controller === true,
  );
}

function isNews(last: Step, step: Step): boolean {
  const shown = ({ phase, message, stepIndex }: Step) => [phase, message, stepIndex].join();
  return step.happened.length > 0 || shown(last) !== shown(step);
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Until a load balancer follows, what it did last is so still. */
function sentWeight(
  { routes, stableHash }: RolloutView,
  last: Step | undefined,
  oldHash: string,
): number | null {
  if (routes === undefined) return null;
  const isFollowed = routes.every(({ verified }) => verified !== false);
  if (!isFollowed && last !== undefined) return last.sentWeight;
  // Once they are stable they get everything, by whichever side.
  const isStable = stableHash !== '' && stableHash !== oldHash;
  const weights = routes.flatMap(({ total, weights: found }) =>
    found.map(({ canary }) => (isStable ? total : canary)),
  );
  return weights.length === 0 ? null : Math.max(...weights);
}

const derived = /^(New|Old|Experiment's) pods: |^Requests to the new pods: /;

function isDerived(text: string): boolean {
  return derived.test(text);
}

function weightNews(last: Step | undefined, { sentWeight: now }: Step): string[] {
  const before = last?.sentWeight ?? 0;
  if (last === undefined || now === null || before === now) return [];
  return [`Requests to the new pods: ${now} instead of ${before}`];
}

function podNews(last: Step | undefined, step: Step): string[] {
  if (last === undefined) return [];
  return [
    ...countNews('New', last.newPods, step.newPods),
    ...countNews('Old', last.oldPods, step.oldPods),
    ...countNews("Experiment's", last.experimentPods, step.experimentPods),
  ];
}

function countNews(
  which: 'New' | 'Old' | "Experiment's",
  last: PodCounts,
  { desired, available }: PodCounts,
): string[] {
  if (last.desired !== desired)
    return [`${which} pods: ${desired} wanted instead of ${last.desired}`];
  // Fewer than before is no news where that many were to go.
  if (last.available === available || last.available > last.desired) return [];
  return [`${which} pods: ${available} of ${desired} available`];
}
