import { knownSets as knownSetsNow } from '../decide/release/knownSets.ts';
import { typeFaults } from '../decide/release/typeFaults.ts';
import { retryAt } from '../decide/replicaSets/metadata.ts';
import { safetyMs } from '../decide/rollout/explain.ts';
import { managedBy } from '../decide/rollout/managed.ts';
import { bestOf } from '../decide/status/progress.ts';
import { isResize } from '../decide/status/statusThrottle.ts';
import { fullSizeOf, wasHealthy } from '../decide/strategy/workloadScaleDown.ts';
import {
  closedIntentLifeMs,
  closedIntentsLengthMax,
  closedIntentsMax,
  type Intent,
  type Outcome,
} from '../model/intent.ts';
import type { Observed } from '../model/observed.ts';
import type { Message } from '../model/outbox.ts';
import { deepEqual } from '../model/patch.ts';
import { isStatusWrite, type Plan } from '../model/plan.ts';
import type { LedgerEntry, Progress, RolloutRecord } from '../model/record.ts';
import { isSameTime, type Millis, secondMs, toTime } from '../model/units.ts';
import type { RolloutView } from '../model/view.ts';
import { stillQueued } from '../queue/queue.ts';
import { commandEntry, restoredEntry, transitions } from './ledger.ts';
import { eventsOf } from './outbox.ts';
import { pauseOf, progressOf } from './progress.ts';

/** How long a soft claim holds when its process ended without giving it up. */
const claimMs: Millis = 20 * secondMs;

/**
 * The record as of an observation, and in it what the ledger is to tell: what has happened since the
 * last, which commands have ended, when the rollout is due again. Before the plan is carried out. Pure.
 */
export function nextRecord(
  record: RolloutRecord,
  seen: { observed: Observed; plan: Plan; view: RolloutView; now: Millis; by?: string },
): RolloutRecord {
  const { observed, plan, view, now, by } = seen;
  const fresh = progressOf(observed.rollout, now);
  const progress: Progress = {
    ...fresh,
    ...templateAtOf(record.progress, fresh),
    ...pauseOf(record.progress, fresh, observed.rollout),
    ...bestSoFar(record, seen),
  };
  const intents = closeIntents(record.intents, plan);
  const ended = intents.filter((intent, index) => {
    return intent.outcome !== undefined && record.intents[index]?.outcome === undefined;
  });
  const written = intents.flatMap((intent, index) =>
    writtenBy(intent, record.intents[index], progress),
  );
  // A wiped status must not wipe what is needed to restore it.
  const moves = isWorthKeeping(record.progress, progress);
  const entries: LedgerEntry[] = [
    ...(moves ? transitions(record.progress, progress, observed, written) : []),
    ...ended.map((intent) => commandEntry(intent, progress)),
    ...(plan.restored ? [restoredEntry(progress)] : []),
  ];
  const acts = plan.writes.length > 0;
  // Evictions that a disruption budget refuses change nothing: they are tried less and less often.
  const isActive = plan.writes.some((write) => write.do !== 'evict');
  const isSame = record.progress?.resourceVersion === progress.resourceVersion && !isActive;
  const {
    claim: _,
    dueAt: __,
    dueFor: ___,
    queuedFor: __________,
    rival: ____,
    outbox: _____,
    managed: ______,
    migrating: _______,
    knownSets,
    refusedMetadata,
    routes,
    leftFor: _________,
    ...kept
  } = record;
  const told = entries.map((ledger) => ({ ledger }));
  const outbox: Message[] = acts ? [...told, ...eventsOf(seen)] : told;
  const rival = plan.rival ?? record.rival;
  const others = plan.others ?? record.others;
  const migrating = fullSizeOf(observed);
  const managed = managedBy(observed);
  return {
    ...kept,
    progress: moves ? progress : (record.progress ?? progress),
    intents: remembered(intents, now),
    polls: isSame ? record.polls + 1 : 0,
    ...(plan.writes.some(isStatusWrite) && { statusAt: now }),
    ...(plan.writes.some(isResize) && { resizedAt: now }),
    ...dueOf(plan, now),
    ...stillQueued(record, now),
    ...(rival && { rival }),
    ...(others && { others }),
    ...(plan.leftFor !== undefined && { leftFor: plan.leftFor }),
    ...(acts && by !== undefined && { claim: { by, until: now + claimMs } }),
    ...(outbox.length > 0 && { outbox }),
    ...(managed.length > 0 && { managed }),
    ...knownSetsOf(observed, knownSets),
    ...refusedOf(plan, refusedMetadata, now),
    ...routesOf(plan, routes),
    ...(migrating && { migrating }),
    ...(wasHealthy(observed) && { healthyOnce: progress.uid }),
    view,
  };
}

/** The command, where what it wrote may be seen for the first time, as it was marked before that write. */
function writtenBy(after: Intent, before: Intent | undefined, progress: Progress): Intent[] {
  // One that found its effect there already has caused nothing, and nobody is to be named for it.
  if (before?.applying === undefined) return [];
  const { outcome } = after;
  // Half of what it writes shows before the other half is written.
  if (outcome === undefined) return [before];
  if (outcome.result !== 'done') return [];
  return before.outcome === undefined || isLate(before, progress) ? [after] : [];
}

/** What follows from its write some turns later. */
function isLate({ command, bound, acceptedAt }: Intent, progress: Progress): boolean {
  if (command.verb === 'restart') {
    return isSameTime(command.at ?? toTime(acceptedAt), progress.restartedAt ?? undefined);
  }
  // What follows from a new template: the generation tells whose it is.
  const isOfTemplate = command.verb === 'image' || command.verb === 'undo';
  return isOfTemplate && bound.generation + 1 === progress.generation;
}

function routesOf(
  { routes }: Plan,
  before: RolloutRecord['routes'],
): Pick<RolloutRecord, 'routes'> {
  if (!routes) return before ? { routes: before } : {};
  const { aim: _, ...remembered } = routes;
  return remembered.routings.length > 0 || remembered.refused ? { routes: remembered } : {};
}

/** What is not wanted any more is kept until it would be tried again: it may be wanted again. */
function refusedOf(
  { refusedMetadata: wanted }: Plan,
  before: RolloutRecord['refusedMetadata'],
  now: Millis,
): Pick<RolloutRecord, 'refusedMetadata'> {
  const isRecent = before !== undefined && now < retryAt(before);
  const kept = wanted ?? (isRecent ? before : undefined);
  return kept ? { refusedMetadata: kept } : {};
}

/** A spec without a template that can be hashed tells nothing new. */
function knownSetsOf(
  observed: Observed,
  before: RolloutRecord['knownSets'],
): Pick<RolloutRecord, 'knownSets'> {
  const isReadable = typeFaults(observed.rollout).length === 0 && !observed.workloadFault;
  const after = isReadable ? knownSetsNow(observed) : before;
  return after === undefined ? {} : { knownSets: after };
}

/**
 * Open ones, and closed ones for as long as a request may be repeated under its key; the newest, and no
 * more of them than leave the rollout's item well below what the table takes.
 */
function remembered(intents: Intent[], now: Millis): Intent[] {
  let closedLength = 0;
  return intents
    .toReversed()
    .filter((intent, newer) => {
      const { outcome } = intent;
      if (outcome === undefined) return true;
      closedLength += JSON.stringify(intent).length;
      const isRecent = newer < closedIntentsMax && now - outcome.at < closedIntentLifeMs;
      return isRecent && closedLength <= closedIntentsLengthMax;
    })
    .reverse();
}

function isWorthKeeping(before: Progress | undefined, after: Progress): boolean {
  const isWiped = after.currentPodHash === '' && after.stableRS === '';
  return !isWiped || before?.uid !== after.uid;
}

function templateAtOf(
  before: Progress | undefined,
  { uid, currentPodHash, observedAt }: Progress,
): Pick<Progress, 'templateAt'> {
  const isSame = before?.uid === uid && before.currentPodHash === currentPodHash;
  if (!isSame) return { templateAt: observedAt };
  return before.templateAt === undefined ? {} : { templateAt: before.templateAt };
}

/** Progress that no status tells of yet is told with the next that is written. */
function bestSoFar(
  { progress }: RolloutRecord,
  { observed, plan }: { observed: Observed; plan: Plan },
): Pick<Progress, 'best'> {
  if (plan.deferred) return progress?.best ? { best: progress.best } : {};
  return { best: bestOf(observed.rollout, observed.replicaSets, progress?.best) };
}

function dueOf(plan: Plan, now: Millis): Pick<RolloutRecord, 'dueAt' | 'dueFor'> {
  const at = 'at' in plan.wake ? plan.wake.at : undefined;
  if (plan.writes.length > 0) {
    return { dueAt: Math.min(at ?? Number.POSITIVE_INFINITY, now + safetyMs), dueFor: 'this turn' };
  }
  return 'at' in plan.wake ? { dueAt: plan.wake.at, dueFor: plan.wake.why } : {};
}

/** What the API server answered to the write that carries a command out. */
export type Tried = { id: string; isTaken: boolean };

/** The record with what is known of a command's write: it was taken, or it was not and may be tried anew. */
export function withTried(record: RolloutRecord, tried: Tried | undefined): RolloutRecord {
  if (tried === undefined) return record;
  const intents = record.intents.map((intent): Intent => {
    const { applying, ...untried } = intent;
    if (intent.id !== tried.id || applying === undefined) return intent;
    return tried.isTaken ? { ...intent, applying: { ...applying, isTaken: true } } : untried;
  });
  return { ...record, intents };
}

/** The record with a command closed by what became of it outside of a turn. */
export function withClosed(record: RolloutRecord, id: string, outcome: Outcome): RolloutRecord {
  const intents = record.intents.map((intent): Intent => {
    return intent.id === id ? { ...intent, outcome } : intent;
  });
  const closed = intents.find((intent) => intent.id === id);
  const told = closed ? [{ ledger: commandEntry(closed, record.progress) }] : [];
  return { ...record, intents, outbox: [...(record.outbox ?? []), ...told] };
}

/** What is still to be told of a rollout that was deleted, open commands among it: nobody can do them now. */
export function lastMessages(record: RolloutRecord, now: Millis): Message[] {
  const { outbox = [], intents, progress } = record;
  const open = intents.filter((intent) => intent.outcome === undefined);
  const told = open.map((intent) => {
    const detail = intent.applying
      ? 'The rollout was deleted while it was carried out.'
      : 'Nothing was done: the rollout was deleted.';
    const outcome = { result: 'superseded' as const, detail, at: now };
    return { ledger: commandEntry({ ...intent, outcome }, progress) };
  });
  return [...outbox, ...told];
}

function closeIntents(intents: Intent[], plan: Plan): Intent[] {
  return intents.map((intent) => {
    const step = plan.intents.find((each) => each.id === intent.id);
    if (step === undefined) return intent;
    return step.step === 'apply'
      ? { ...intent, applying: step.applying }
      : { ...intent, outcome: step.outcome };
  });
}

/** Whether saving would change anything that matters; the times of looking do not. */
export function isSameRecord(before: RolloutRecord, after: RolloutRecord): boolean {
  return deepEqual(timeless(before), timeless(after));
}

function timeless(record: RolloutRecord): object {
  const { polls: _, progress, view, queuedFor: __, ...rest } = record;
  return {
    ...rest,
    progress: { ...progress, observedAt: 0 },
    view: { ...view, observedAt: 0 },
  };
}
