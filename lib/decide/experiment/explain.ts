import type { TemplateSpec } from '../../model/argo.generated.ts';
import { type Reason, safetyMs, type Wake } from '../../model/plan.ts';
import { fromTime, type Millis, secondMs } from '../../model/units.ts';
import { availableOf, currentOf, desiredOf, nameOf } from '../../model/workload.ts';
import { pollDelay } from '../release/polling.ts';
import { scaleDownAt } from '../replicaSets/scaleDownDelay.ts';
import { endAt, isCompleted } from './ending.ts';
import { type Facts, isOwn } from './facts.ts';
import { mayReceive, statusOf, stuckAt, wantedOf } from './templates.ts';

/** Why an Experiment stands where it does, and when to look again. `facts` are as the turn leaves them. */
export function explain(facts: Facts, now: Millis): { reasons: Reason[]; wake: Wake } {
  const then: Facts = { ...facts, experiment: { ...facts.experiment, status: facts.status } };
  const reasons = [...endReasons(then), ...podReasons(then), ...runReasons(then)];
  const times = timesOf(then).filter(([at]) => at > now);
  const [soonest] = times.sort(([a], [b]) => a - b);
  const wake: Wake = soonest
    ? { at: soonest[0], why: soonest[1] }
    : { waitsFor: reasons[0]?.unblock ?? 'a change of it' };
  return { reasons, wake };
}

function timesOf(facts: Facts): [Millis, string][] {
  const { experiment, observed, status, now, isEnding } = facts;
  const times: [Millis, string][] = [];
  const end = endAt(experiment);
  if (!isEnding && end !== undefined) times.push([end, 'the end of the experiment']);
  for (const template of experiment.spec?.templates ?? []) {
    const each = statusOf(facts, template);
    const stuck = isEnding ? undefined : stuckAt(facts, each, wantedOf(facts, template, each));
    if (stuck !== undefined) times.push([stuck + secondMs, 'the progress deadline']);
    const set = observed.sets.get(template.name);
    if (!set || !isOwn(experiment, set)) continue;
    const at = scaleDownAt(set);
    // No notice tells of what routers do.
    if (isEnding && desiredOf(set) > 0 && mayReceive(observed.rollout, set)) {
      const soon = now + pollDelay({ ...observed, doorbell: false });
      times.push([soon, 'requests that are still sent to it']);
    }
    if (at !== undefined && desiredOf(set) > 0) times.push([at, 'the end of pods that are kept']);
  }
  if (isMoving(facts)) times.push([now + pollDelay(observed), 'pods that come or go']);
  const isWaiting = (status.analysisRuns ?? []).some(
    (each) => each.analysisRun !== '' && !isCompleted(each.phase),
  );
  if (isWaiting || !isCompleted(status.phase)) {
    times.push([now + safetyMs, 'a change nobody announces']);
  }
  return times;
}

/** Pods come or go, or are about to. */
function isMoving(facts: Facts): boolean {
  const { experiment, observed, now } = facts;
  return (experiment.spec?.templates ?? []).some((template) => {
    const set = observed.sets.get(template.name);
    if (!set) return !facts.isEnding;
    if (!isOwn(experiment, set)) return false;
    const kept = scaleDownAt(set);
    const wanted = wantedOf(facts, template, statusOf(facts, template));
    const isKept = wanted === 0 && kept !== undefined && kept > now && desiredOf(set) > 0;
    const goal = isKept ? desiredOf(set) : wanted;
    return desiredOf(set) !== goal || currentOf(set) !== goal || availableOf(set) !== goal;
  });
}

function endReasons({ experiment, status }: Facts): Reason[] {
  const { phase = '', message, availableAt } = status;
  if (isCompleted(phase)) {
    return [
      { text: `It is over: ${phase}${message ? `. ${message}` : ''}.`.replace(/\.\.$/, '.') },
    ];
  }
  if (experiment.spec?.terminate) return [{ text: 'It was told to end.' }];
  if (!availableAt) return [];
  const until = endAt(experiment);
  const since = fromTime(availableAt);
  return until === undefined
    ? [
        {
          text: 'It runs until its analyses end it, or somebody does.',
          since,
          unblock: 'terminate',
        },
      ]
    : [{ text: 'It runs for its time.', since, until, unblock: 'terminate ends it early' }];
}

function podReasons(facts: Facts): Reason[] {
  const { experiment, observed, isEnding } = facts;
  return (experiment.spec?.templates ?? []).flatMap((template: TemplateSpec) => {
    const set = observed.sets.get(template.name);
    const { status, availableReplicas } = statusOf(facts, template);
    if (isEnding) {
      const at = set && scaleDownAt(set);
      return set && desiredOf(set) > 0
        ? [{ text: `Pods of ${nameOf(set)} are kept for a while.`, ...(at && { until: at }) }]
        : [];
    }
    if (isCompleted(status) || status === 'Running') return [];
    const text = `${availableReplicas} of ${template.replicas ?? 1} pods of ${template.name} are available.`;
    return [{ text, unblock: `pods of ${template.name} becoming ready` }];
  });
}

function runReasons({ status }: Facts): Reason[] {
  const { analysisRuns = [] } = status;
  return analysisRuns.flatMap(({ analysisRun, phase }) =>
    analysisRun === '' || isCompleted(phase)
      ? []
      : [{ text: `AnalysisRun ${analysisRun} goes on.` }],
  );
}
