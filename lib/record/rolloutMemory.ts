import { knownSets as knownSetsNow } from '../decide/release/knownSets.ts';
import { typeFaults } from '../decide/release/typeFaults.ts';
import { retryAt } from '../decide/replicaSets/metadata.ts';
import { managedBy } from '../decide/rollout/managed.ts';
import { bestOf } from '../decide/status/progress.ts';
import { isResize } from '../decide/status/statusThrottle.ts';
import { fullSizeOf, wasHealthy } from '../decide/strategy/workloadScaleDown.ts';
import { unverifiedIn } from '../decide/traffic/verification.ts';
import type { Decided, Remembered } from '../model/controller.ts';
import type { Intent } from '../model/intent.ts';
import type { Observed } from '../model/observed.ts';
import { isStatusWrite, type Plan } from '../model/plan.ts';
import type {
  LedgerEntry,
  LedgerKind,
  Progress,
  RolloutMemory,
  RolloutRecord,
} from '../model/record.ts';
import { isSameTime, type Millis, toTime } from '../model/units.ts';
import { weightsOf } from '../view/weights.ts';
import {
  commandEntry,
  conflictEntry,
  restoredEntry,
  transitions,
  verificationEntry,
} from './ledger.ts';
import { pauseOf, progressOf } from './progress.ts';

type Seen = Omit<Decided<'Rollout', Observed, Plan>, 'key' | 'object'>;

/**
 * What is remembered of a rollout as of an observation, and what the ledger is to tell: what has happened
 * since the last, and which commands have ended.
 */
export function rolloutMemory(
  record: RolloutRecord,
  { intents, ...seen }: Seen & { intents: Intent[] },
): Remembered<RolloutMemory> {
  const { observed, plan, now } = seen;
  const fresh = progressOf(observed.rollout, now);
  const progress: Progress = {
    ...fresh,
    ...templateAtOf(record.progress, fresh),
    ...pauseOf(record.progress, fresh, observed.rollout),
    ...bestSoFar(record, seen),
  };
  // A wiped status must not wipe what is needed to restore it.
  const moves = isWorthKeeping(record.progress, progress);
  const conflictingController = plan.conflictingController ?? record.conflictingController;
  const others = plan.others ?? record.others;
  const statusAt = plan.writes.some(isStatusWrite) ? now : record.statusAt;
  const resizedAt = plan.writes.some(isResize) ? now : record.resizedAt;
  const migrating = fullSizeOf(observed);
  const healthyOnce = wasHealthy(observed) ? progress.uid : record.healthyOnce;
  const unverified = unverifiedIn(observed);
  return {
    memory: {
      progress: moves ? progress : (record.progress ?? progress),
      ...(statusAt !== undefined && { statusAt }),
      ...(resizedAt !== undefined && { resizedAt }),
      ...(conflictingController && { conflictingController }),
      ...(others && { others }),
      ...(plan.leftFor !== undefined && { leftFor: plan.leftFor }),
      ...knownSetsOf(observed, record.knownSets),
      ...refusedOf(plan, record.refusedMetadata, now),
      ...routesOf(plan, record.routes),
      ...(migrating && { migrating }),
      ...(healthyOnce !== undefined && { healthyOnce }),
      ...(unverified !== undefined && { unverified }),
    },
    told: [
      ...entriesOf(record, { ...seen, intents, progress, moves }),
      ...(unverified === record.unverified ? [] : [verificationEntry(progress, unverified)]),
      ...(isMet(plan, now) ? [conflictEntry(progress, plan.conflictingController.manager)] : []),
    ],
    managed: managedBy(observed),
    ...warningOf(plan, now),
  };
}

function entriesOf(
  record: RolloutRecord,
  seen: Seen & { intents: Intent[]; progress: Progress; moves: boolean },
): LedgerEntry[] {
  const { observed, plan, intents, progress, moves } = seen;
  const ended = intents.filter((intent, index) => {
    return intent.outcome !== undefined && record.intents[index]?.outcome === undefined;
  });
  const written = intents.flatMap((intent, index) =>
    writtenBy(intent, record.intents[index], { known: record.progress, progress }),
  );
  return [
    ...(moves
      ? withWeights(transitions(record.progress, progress, observed, written), observed)
      : []),
    ...ended.map((intent) => commandEntry(intent, progress)),
    ...(plan.restored ? [restoredEntry(progress)] : []),
  ];
}

type Met = Plan & Required<Pick<Plan, 'conflictingController'>>;

function isMet(plan: Plan, now: Millis): plan is Met {
  const { seenAt, times = 0 } = plan.conflictingController ?? {};
  return seenAt === now && times === 1;
}

/** What is told of a weight that changes. */
const weighed: LedgerKind[] = ['revision', 'step', 'aborted', 'retried', 'promoted', 'completed'];

function withWeights(entries: LedgerEntry[], { rollout, replicaSets }: Observed): LedgerEntry[] {
  if (!rollout.spec?.strategy?.canary) return entries;
  const weights = weightsOf(rollout, replicaSets);
  return entries.map((entry) => (weighed.includes(entry.kind) ? { ...entry, weights } : entry));
}

/** Said once, when another controller is met for the first time, and not each time that it is met again. */
function warningOf(plan: Plan, now: Millis): Pick<Remembered<object>, 'warning'> {
  if (!isMet(plan, now)) return {};
  const { conflictingController } = plan;
  const text = 'another controller is at work, so Serin keeps away';
  return { warning: { text, fields: { manager: conflictingController.manager } } };
}

/** The command, where what it wrote may be seen for the first time, as it was marked before that write. */
function writtenBy(
  after: Intent,
  before: Intent | undefined,
  { known, progress }: { known: Progress | undefined; progress: Progress },
): Intent[] {
  // One that found its effect there already has caused nothing, and nobody is to be named for it.
  if (before?.applying === undefined) return [];
  const { outcome } = after;
  // Half of what it writes shows before the other half is written.
  if (outcome === undefined) return [before];
  const isUnknown = outcome.result === 'expired' || outcome.result === 'superseded';
  if (isUnknown) return isFirstSight(before, known) ? [after] : [];
  if (outcome.result !== 'done') return [];
  return before.outcome === undefined || isLate(before, progress) ? [after] : [];
}

/** Nobody has looked since it was tried, and so whether it was carried out shows only now. */
function isFirstSight({ applying }: Intent, known: Progress | undefined): boolean {
  return applying !== undefined && applying.resourceVersion === known?.resourceVersion;
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

/** What is not wanted any more is kept until it would be tried again: it may be wanted again. */
function refusedOf(
  { refusedMetadata: wanted }: Plan,
  before: RolloutRecord['refusedMetadata'],
  now: Millis,
): Pick<RolloutMemory, 'refusedMetadata'> {
  const isRecent = before !== undefined && now < retryAt(before);
  const kept = wanted ?? (isRecent ? before : undefined);
  return kept ? { refusedMetadata: kept } : {};
}

function routesOf(
  { routes }: Plan,
  before: RolloutRecord['routes'],
): Pick<RolloutMemory, 'routes'> {
  if (!routes) return before ? { routes: before } : {};
  const { aim: _, ...remembered } = routes;
  return remembered.routings.length > 0 || remembered.refused ? { routes: remembered } : {};
}

/** A spec without a template that can be hashed tells nothing new. */
function knownSetsOf(
  observed: Observed,
  before: RolloutRecord['knownSets'],
): Pick<RolloutMemory, 'knownSets'> {
  const isReadable = typeFaults(observed.rollout).length === 0 && !observed.workloadFault;
  const after = isReadable ? knownSetsNow(observed) : before;
  return after === undefined ? {} : { knownSets: after };
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
