import { podTemplateHash, stepHash } from '../../lib/model/hash.ts';
import type { Intent, Outcome } from '../../lib/model/intent.ts';
import { intentLifeMs } from '../../lib/model/intent.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import type { LedgerEntry, RolloutRecord } from '../../lib/model/record.ts';
import { type Millis, minuteMs } from '../../lib/model/units.ts';
import { uidOf, versionOf } from '../../lib/model/workload.ts';
import type { StepWatch } from './steps.ts';
import { isOfRelease } from './truth.ts';
import type { Context, RolloutWrite, Turn } from './watchdog.ts';

// Commands that were accepted, and the ledger: each has one outcome that is true, its effect comes about
// once, and what has happened is written down once.

type Tracked = {
  intent: Intent;
  effects: { status: number; spec: number };
  outcome?: Outcome;
  entries: LedgerEntry[];
  /** The rollout was deleted, and its record with it. */
  isForgotten: boolean;
  othersWrote: boolean;
  /** The process that carried it out last, and whether the record says that it was. */
  madeBy?: object;
  isNoted?: boolean;
};

export type CommandWatch = {
  saved: (record: RolloutRecord) => void;
  forgotten: () => void;
  appended: (entry: LedgerEntry) => void;
  /** Whether Serin's write to the rollout carried out a command. */
  wrote: (write: RolloutWrite) => boolean;
  /** Serin's write to the workload the rollout takes its template from. */
  wroteTemplate: (patch: MergePatch) => void;
  byOthers: () => void;
  tracked: Map<string, Tracked>;
  entries: LedgerEntry[];
  record: () => RolloutRecord | undefined;
  /** After everything has come to rest. */
  judgeEnd: () => void;
};

type State = Context & {
  steps: StepWatch;
  tracked: Map<string, Tracked>;
  entries: LedgerEntry[];
  lastOthersAt: Millis;
  /** The version a command's first write made, on which its second is conditioned. */
  chained: Map<string, string>;
};

export function watchCommands(context: Context, steps: StepWatch): CommandWatch {
  const state: State = {
    ...context,
    steps,
    tracked: new Map(),
    entries: [],
    chained: new Map(),
    lastOthersAt: Number.NEGATIVE_INFINITY,
  };
  return {
    tracked: state.tracked,
    entries: state.entries,
    record: () => state.memory.record,
    saved: (record) => saved(state, record),
    forgotten: () => {
      for (const each of state.tracked.values()) each.isForgotten = true;
      delete state.memory.record;
    },
    appended: (entry) => appended(state, entry),
    wrote: (write) => wrote(state, write),
    wroteTemplate: (patch) => wroteTemplate(state, patch),
    byOthers: () => {
      state.lastOthersAt = state.clock.now();
      for (const each of state.tracked.values()) if (!each.outcome) each.othersWrote = true;
    },
    judgeEnd: () => judgeEnd(state),
  };
}

function saved(state: State, record: RolloutRecord): void {
  const before = state.memory.record;
  state.memory.record = record;
  const { features } = state.steps;
  if (
    record.conflictingController &&
    record.conflictingController.seenAt !== before?.conflictingController?.seenAt
  ) {
    features.set('rival met', (features.get('rival met') ?? 0) + 1);
  }
  for (const intent of record.intents) {
    const known = state.tracked.get(intent.id) ?? track(state, intent);
    const { outcome } = intent;
    if (intent.applying?.isTaken) known.isNoted = true;
    if (known.outcome && outcome?.result !== known.outcome.result) {
      state.fail('one outcome', `${describe(known)} became ${outcome?.result ?? 'open'}`);
    }
    if (outcome && !known.outcome) {
      known.outcome = outcome;
      state.note(`outcome of ${describe(known)}: ${outcome.detail}`);
      judgeOutcome(state, known, outcome);
    }
  }
  for (const intent of before?.intents ?? []) {
    const isKept = record.intents.some(({ id }) => id === intent.id);
    if (!isKept && !intent.outcome)
      state.fail('no command lost', `${intent.command.verb} vanished`);
  }
}

/** What others wrote so long ago Serin may not have seen yet. */
const unseenMs = 2 * minuteMs;

function track(state: State, intent: Intent): Tracked {
  const known: Tracked = {
    intent,
    effects: { status: 0, spec: 0 },
    entries: [],
    isForgotten: false,
    othersWrote: state.clock.now() - state.lastOthersAt < unseenMs,
  };
  state.tracked.set(intent.id, known);
  state.note(`accepted ${describe(known)}`);
  return known;
}

function describe({ intent, outcome }: Tracked): string {
  const { verb, ...flags } = intent.command;
  const said = Object.keys(flags).join(' ');
  return `${intent.id} ${verb} ${said} (${outcome?.result ?? 'open'})`;
}

function judgeOutcome(state: State, known: Tracked, outcome: Outcome): void {
  const { intent, effects } = known;
  const happened = effects.status + effects.spec;
  state.steps.features.set(
    `command ${outcome.result}`,
    (state.steps.features.get(`command ${outcome.result}`) ?? 0) + 1,
  );
  if (outcome.detail.startsWith('Nothing was done') && happened > 0) {
    state.fail('true outcome', `${describe(known)} but it was carried out`);
  }
  const isLifted = /^The pause( at step \d+ of \d+| before the switch)? is lifted\.$/.test(
    outcome.detail,
  );
  if (isLifted && effects.status === 0 && known.isNoted) {
    state.fail('true outcome', `${describe(known)} but nobody lifted the pause of the release`);
  }
  if (outcome.result === 'expired' && intent.command.verb === 'abort') {
    state.fail('an abort does not expire', describe(known));
  }
  const isQuiet = !known.othersWrote && intent.command.verb !== 'image';
  if (outcome.result === 'done' && happened === 0 && isQuiet) {
    // Serin itself may have aborted at the deadline.
    const { abort, promoteFull } = state.live()?.status ?? {};
    const isAborted = intent.command.verb === 'abort' && abort === true;
    // One who did not see it yet asks for a full promotion again.
    const isFull = intent.command.verb === 'promote' && intent.command.full && promoteFull === true;
    if (!isAborted && !isFull)
      state.fail('true outcome', `${describe(known)} but nothing was done`);
  }
}

const statusDeeds = ['abort', 'pauseConditions', 'currentStepIndex', 'promoteFull'];

/** A command's patch says one thing; a turn's of the controller says more. */
function isCommand({ patch, isStatus, before }: RolloutWrite): boolean {
  if (isStatus) {
    const { status = {} } = patch as { status?: Record<string, unknown> };
    // An abort takes a full promotion's place, and a skipped step its pause and what is left of a promote.
    const isTaken = (field: string): boolean =>
      (field === 'promoteFull' && status.abort === true) ||
      (field === 'controllerPause' && status.currentStepIndex !== undefined) ||
      (field === 'pauseConditions' && status.currentStepIndex !== undefined);
    const fields = Object.entries(status).filter(
      ([field, value]) => !((value === null || value === false) && isTaken(field)),
    );
    const [field, value] = fields[0] ?? [];
    if (fields.length !== 1 || !statusDeeds.includes(field ?? '')) return false;
    return field === 'pauseConditions' ? value === null : value !== null;
  }
  const isUnset = before.spec?.replicas === undefined;
  const isDefault = isUnset && JSON.stringify(patch.spec) === '{"replicas":1}';
  return patch.spec !== undefined && !isDefault;
}

function wrote(state: State, write: RolloutWrite): boolean {
  if (!isCommand(write)) return false;
  const { condition = '', before, after, isStatus, patch, turn } = write;
  const chainedId = state.chained.get(condition);
  const open = (state.memory.record?.intents ?? []).filter((each) => !each.outcome);
  const isAbort = isStatus && (patch.status as { abort?: boolean }).abort === true;
  const marked = open.filter(
    (each) => each.applying?.resourceVersion === condition || each.id === chainedId,
  );
  const intent =
    // One that was marked and never done may still be open when an abort takes its place.
    marked.find(({ command }) => (command.verb === 'abort') === isAbort) ??
    // Without the table an abort goes ahead: done again it does no harm.
    open.find((each) => isAbort && each.command.verb === 'abort');
  const known = intent && state.tracked.get(intent.id);
  if (!intent || !known) {
    // A step that is done can be all that a turn has to say.
    if (isStatus && Object.hasOwn(patch.status as object, 'currentStepIndex')) return false;
    state.fail('marked before it is done', JSON.stringify(patch));
    return true;
  }
  state.chained.set(versionOf(after), intent.id);
  const part = isStatus ? 'status' : 'spec';
  known.effects[part] += 1;
  // An abort goes ahead once more where the process that made it could not note that it was answered.
  const mayKnow = !isAbort || known.isNoted || known.madeBy === turn.process;
  if (known.effects[part] > 1 && mayKnow) {
    state.fail('done once', `${describe(known)} was done again`);
  }
  known.madeBy = turn.process;
  if (chainedId === undefined) judgeTime(state, known, write, turn);
  const lifted = (before.status?.pauseConditions ?? []).length > 0;
  if (isStatus && (patch.status as { pauseConditions?: null }).pauseConditions === null && lifted) {
    state.steps.lift(before);
  }
  if (isStatus && (patch.status as { promoteFull?: true }).promoteFull) {
    state.steps.byOthers(before, after);
  }
  return true;
}

function wroteTemplate(state: State, patch: MergePatch): void {
  if ((patch.spec as { template?: object })?.template === undefined) return;
  const open = (state.memory.record?.intents ?? []).filter((each) => !each.outcome);
  const intent = open.find(({ applying }) => applying !== undefined);
  const known = intent && state.tracked.get(intent.id);
  if (!known) {
    state.fail('marked before it is done', JSON.stringify(patch));
    return;
  }
  known.effects.spec += 1;
  if (known.effects.spec > 1) state.fail('done once', `${describe(known)} was done again`);
}

/** It is what its author saw, and not too late. */
function judgeTime(state: State, known: Tracked, { before }: RolloutWrite, turn: Turn): void {
  const { at, template } = turn;
  const { bound, command, acceptedAt } = known.intent;
  const { status = {}, spec = {}, metadata } = before;
  const said = describe(known);
  if (bound.uid !== uidOf(before)) state.fail('bound to what was seen', `${said}: another uid`);
  if (bound.podHash !== (status.currentPodHash ?? '')) {
    state.fail('bound to what was seen', `${said}: another template`);
  }
  if (command.verb === 'abort') return;
  if (at - acceptedAt > intentLifeMs) {
    state.fail('no command too late', `${said} after ${at - acceptedAt} ms`);
  }
  const pause = status.pauseConditions?.find(isOfRelease);
  // A size that changes, as an autoscaler does it, is not what the author looked at.
  const isSameSpec =
    bound.generation === (metadata?.generation ?? 0) ||
    (bound.paused === (spec.paused ?? false) &&
      bound.podHash === podTemplateHash(spec.template ?? template, status.collisionCount) &&
      status.currentStepHash === stepHash(spec.strategy));
  const isSame =
    isSameSpec &&
    bound.stepIndex === (status.currentStepIndex ?? null) &&
    bound.pauseStart === (pause?.startTime ?? null);
  if (!isSame) state.fail('bound to what was seen', `${said}: it has gone on since`);
}

function appended(state: State, entry: LedgerEntry): void {
  state.entries.push(entry);
  if (entry.kind !== 'command') return;
  const id = entry.intentId ?? entry.resourceVersion.replace(/^\d+-/, '');
  const known = state.tracked.get(id);
  if (known === undefined) {
    state.fail('ledger', `an entry of a command nobody gave: ${entry.text}`);
    return;
  }
  known.entries.push(entry);
  if (known.entries.length > 1) {
    state.fail('ledger', `two entries of one command: ${known.entries.map(({ text }) => text)}`);
  }
  if (entry.actor.name !== known.intent.actor.name) {
    state.fail('ledger', `${entry.text} by ${entry.actor.name}, not ${known.intent.actor.name}`);
  }
}

/** Kinds of which there can be no more entries than happened. */
const entryKinds = [
  'revision',
  'steps',
  'step',
  'aborted',
  'retried',
  'paused',
  'completed',
] as const;
const moreKinds = ['degraded', 'scaled', 'restarted'] as const;

function judgeEnd(state: State): void {
  for (const known of state.tracked.values()) {
    if (known.isForgotten) continue;
    if (!known.outcome) state.fail('every command ends', describe(known));
    else if (known.entries.length === 0) state.fail('ledger', `no entry of ${describe(known)}`);
  }
  const uids = new Set(state.entries.map(({ uid }) => uid));
  for (const uid of uids) {
    const told = (kind: string): number =>
      state.entries.filter((entry) => entry.uid === uid && entry.kind === kind).length;
    const counted = (kind: string): number => state.steps.truth.get(`${uid} ${kind}`) ?? 0;
    // The status may be wiped between the change and its effect, or be set back by another controller.
    const happened = (kind: string): number =>
      kind === 'steps' ? Math.max(counted('steps seen'), counted('steps edited')) : counted(kind);
    for (const kind of [...entryKinds, ...moreKinds]) {
      if (told(kind) > happened(kind)) {
        state.fail('ledger', `${kind}: told ${told(kind)} times, happened ${happened(kind)}`);
      }
    }
    const lifted = told('promoted') + told('resumed');
    if (lifted > happened('lifted')) {
      state.fail('ledger', `pauses ended: told ${lifted} times, happened ${happened('lifted')}`);
    }
    judgePromotions(state, uid);
  }
}

/** Nobody is told to have promoted more than he has. */
function judgePromotions(state: State, uid: string): void {
  const told = (isVerified: boolean): number =>
    state.entries.filter(
      ({ kind, actor, ...entry }) =>
        entry.uid === uid && kind === 'promoted' && (actor.proof === 'verified') === isVerified,
    ).length;
  // Where somebody else does the same between its mark and its write, nobody can tell the two apart.
  const commands = [...state.tracked.values()].filter(
    ({ intent, effects, outcome, othersWrote }) =>
      intent.command.verb === 'promote' &&
      intent.bound.uid === uid &&
      (effects.status > 0 || (othersWrote && outcome !== undefined)),
  );
  if (told(true) > commands.length) {
    state.fail('ledger', `promoted by commands: told ${told(true)}, happened ${commands.length}`);
  }
  const byOthers = state.steps.truth.get(`${uid} promoted by others`) ?? 0;
  if (told(false) > byOthers) {
    state.fail('ledger', `promoted by others: told ${told(false)}, happened ${byOthers}`);
  }
}
