import type { Rollout } from '../../model/argo.generated.ts';
import { podTemplateHash, stepHash } from '../../model/hash.ts';
import { type Applying, type Intent, intentLifeMs, type Outcome } from '../../model/intent.ts';
import type { Observed } from '../../model/observed.ts';
import { type IntentStep, refOf, type Write } from '../../model/plan.ts';
import { generationOf } from '../../model/reference.ts';
import type { Millis } from '../../model/units.ts';
import { versionOf } from '../../model/workload.ts';
import { isDrivenHere, type Kept, keptDetail } from '../guards/conflictingController.ts';
import { unsupported } from '../guards/validate.ts';
import { typeFaults } from '../release/typeFaults.ts';
import { patchTemplate, templateFault } from '../release/workloadRef.ts';
import { boundTo } from './bound.ts';
import type { Deed, Verdict } from './rule.ts';
import { ruleOf } from './rules.ts';

const parts = ['status', 'spec', 'template'] as const;

export type Settled = { steps: IntentStep[]; writes: Write[] };

/**
 * Takes the oldest open command, an abort before all others. It becomes the patch that
 * `kubectl argo rollouts` would have made, conditioned on the version observed, and nothing else
 * happens in that turn: so a command and its consequences are told apart, and whoever made the patch,
 * what follows is the same. Commands that came too late are closed with a reason, and so are all but aborts
 * where another controller is kept away from.
 */
export function settleIntents(observed: Observed, now: Millis, kept: Kept | undefined): Settled {
  const open = openIntents(observed);
  const steps: IntentStep[] = [];
  const urgentFirst = [...open.filter(isUrgent), ...open.filter((each) => !isUrgent(each))];
  for (const intent of urgentFirst) {
    const settled = settle(intent, observed, now);
    if ('writes' in settled && kept && !isUrgent(intent)) {
      const detail = `${whatIsKnown(intent)}: ${keptDetail(kept)}`;
      steps.push({ id: intent.id, step: 'close', outcome: { result: 'refused', detail, at: now } });
    } else if ('writes' in settled) {
      steps.push({ id: intent.id, step: 'apply', applying: settled.applying });
      return { steps, writes: settled.writes };
    } else steps.push({ id: intent.id, step: 'close', outcome: settled });
  }
  return { steps, writes: [] };
}

/** Those that nothing has come of yet. */
export function openIntents({ record }: Observed): Intent[] {
  return (record?.intents ?? []).filter((intent) => !intent.outcome);
}

function isUrgent({ command }: Intent): boolean {
  return ruleOf(command).terms.urgent === true;
}

/** Closes every open command of a rollout that is left as it is: nobody is to wait for what never comes. */
export function refuseIntents(observed: Observed, now: Millis, detail: string): IntentStep[] {
  return openIntents(observed).map(({ id }) => ({
    id,
    step: 'close',
    outcome: { result: 'refused', detail, at: now },
  }));
}

function settle(
  intent: Intent,
  observed: Observed,
  now: Millis,
): Outcome | { writes: Write[]; applying: Applying } {
  const { rollout } = observed;
  const resourceVersion = versionOf(rollout);
  const close = (result: Outcome['result'], detail: string): Outcome => ({
    result,
    detail,
    at: now,
  });
  const rule = ruleOf(intent.command);
  const verdict = rule.judge(observed, intent.command, intent);
  // Somebody may have undone it since: that is the later wish, and this command is over all the same.
  if (intent.applying?.isTaken) return close('done', textOf(intent, verdict));
  // Tried before, and its effect is there: the write was done, though its answer may have been lost.
  if (intent.applying && 'done' in verdict) return close('done', textOf(intent, verdict));
  const changed = whatChanged(intent, observed);
  // A write whose answer was lost and whose effect is gone again: nobody can tell any more.
  const nothing = whatIsKnown(intent);
  if (changed !== undefined) return close('superseded', `${nothing}: ${changed}.`);
  const isLate = now - intent.acceptedAt > intentLifeMs && !rule.terms.urgent;
  if (isLate) return expired(intent, now);
  const missing = isLeftAlone(intent, observed);
  if (missing !== undefined) {
    return close('refused', `This version of Serin does not carry out ${missing}.`);
  }
  const nowhere = rule.ofTemplate ? templateFault(observed) : undefined;
  if (nowhere !== undefined) return close('refused', `${nothing}: spec.workloadRef ${nowhere}.`);
  if ('refuse' in verdict) return close('refused', verdict.refuse);
  if ('done' in verdict) return close('done', verdict.done);
  if (mayBeUndone(intent, verdict.deed, resourceVersion)) {
    return close('superseded', `${nothing}: the rollout was written to in the meantime.`);
  }
  const { deed } = verdict;
  const written = parts.filter((part) => deed[part] !== undefined);
  const applying = { resourceVersion, detail: deed.detail, parts: written };
  return { writes: writesOf(deed, observed), applying };
}

/** What its write has done: of what is there now, another deed may be still to do. */
function textOf({ command, applying }: Intent, verdict: Verdict): string {
  const isLate = ruleOf(command).toldLater && 'done' in verdict;
  if (applying?.detail !== undefined && !isLate) return applying.detail;
  if ('done' in verdict) return verdict.done;
  return 'deed' in verdict ? verdict.deed.detail : 'It was carried out.';
}

/**
 * Whether the write may have been done and undone, now that its effect is not there and its answer was
 * lost. Another version than the one it was conditioned on tells nothing of who made it.
 */
function mayBeUndone({ applying, command }: Intent, deed: Deed, resourceVersion: string): boolean {
  if (applying === undefined || applying.resourceVersion === resourceVersion) return false;
  return !ruleOf(command).mayRepeat?.(command, deed);
}

/** What is known of a command that is given up. */
function whatIsKnown({ applying }: Intent): string {
  return applying ? 'Whether it was carried out is not known' : 'Nothing was done';
}

export function expired(intent: Intent, at: Millis): Outcome {
  const detail = `${whatIsKnown(intent)}: it could not be carried out within 60 s.`;
  return { result: 'expired', detail, at };
}

function writesOf({ status, spec, template }: Deed, observed: Observed): Write[] {
  const ref = refOf('Rollout', observed.rollout);
  return [
    ...(status
      ? [{ phase: 'first', do: 'patch', ref, patch: { status }, status: true } as const]
      : []),
    ...(spec ? [{ phase: 'rollout', do: 'patch', ref, patch: spec } as const] : []),
    ...(template ? [patchTemplate(observed, template)] : []),
  ];
}

/**
 * The field for which Serin does not touch this rollout, docs/adr/0009-what-is-not-carried-out-yet.md.
 * What Serin released up to there it also takes back.
 */
function isLeftAlone({ command }: Intent, observed: Observed): string | undefined {
  const isTaking = ruleOf(command).terms.urgent && isDrivenHere(observed);
  return isTaking ? undefined : unsupported(observed.rollout);
}

/** What the author saw and is no longer so; what is urgent depends on the release only. */
function whatChanged(intent: Intent, { rollout, workload }: Observed): string | undefined {
  const { bound, command } = intent;
  const now = boundTo(rollout);
  if (bound.uid !== now.uid) return 'the rollout was deleted and created again';
  if (bound.podHash !== now.podHash) return 'another template is being released by now';
  if (ruleOf(command).terms.urgent) return undefined;
  if (bound.generation !== now.generation && !isSameDesign(intent, rollout)) {
    return 'the spec was changed in the meantime';
  }
  const seen = rollout.status?.workloadObservedGeneration;
  if (workload && generationOf(workload.object) !== seen && !isSameDesign(intent, rollout)) {
    return 'the workload it takes its template from was changed in the meantime';
  }
  if (bound.stepIndex !== now.stepIndex) {
    return `the release is at step ${now.stepIndex} by now, not at step ${bound.stepIndex}`;
  }
  return bound.pauseStart === now.pauseStart ? undefined : 'the pause is another one by now';
}

/**
 * Whether the spec is another only in what no command is about, such as its size, which an autoscaler
 * may change at any time. One that was tried before is not tried on another spec.
 */
function isSameDesign({ bound, applying }: Intent, rollout: Rollout): boolean {
  const { spec = {}, status = {} } = rollout;
  return (
    applying === undefined &&
    typeFaults(rollout).length === 0 &&
    bound.paused === (spec.paused ?? false) &&
    status.currentPodHash === podTemplateHash(spec.template ?? {}, status.collisionCount) &&
    status.currentStepHash === stepHash(spec.strategy)
  );
}
