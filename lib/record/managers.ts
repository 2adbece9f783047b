import { isOfController } from '../decide/guards/conflictingController.ts';
import type { ManagedFieldsEntry, ObjectMeta } from '../model/argo.generated.ts';
import type { Actor } from '../model/intent.ts';
import { fieldManager } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import type { Message } from '../model/outbox.ts';
import type { LedgerEntry, LedgerKind, Progress, RolloutRecord } from '../model/record.ts';
import { fromTime, isSameTime, type Millis, secondMs } from '../model/units.ts';
import { entriesIn, mapEntries } from './outbox.ts';

// Who changed a field, by what the API server keeps of it: a client may call itself what it likes, so that
// this is a claim, as a notice is. Whoever changes a field's value takes it over from all others; who
// only takes a field away leaves no trace, and stays unknown.

/** The fields whose change shows as a transition; of a template, any field in it. */
const specFields: Partial<Record<LedgerKind, string[]>> = {
  revision: ['f:template', 'f:workloadRef'],
  steps: ['f:strategy/f:canary/f:steps', 'f:strategy/f:blueGreen'],
  paused: ['f:paused'],
  resumed: ['f:paused'],
  scaled: ['f:replicas'],
  restarted: ['f:restartAt'],
};
const statusFields: Partial<Record<LedgerKind, string[]>> = {
  aborted: ['f:abort'],
  retried: ['f:abort'],
  promoted: ['f:currentStepIndex', 'f:promoteFull', 'f:pauseConditions'],
};

type WithMeta = { metadata?: ObjectMeta };
/** A client's part in an object: what it wrote last of its spec and status, and when it last wrote. */
type Part = { manager: string; at: Millis; spec: object; status: object; isController: boolean };

/** Whether nobody is known to have done it. A restart is told when Serin has carried it out. */
export function isOpen({ actor, kind }: LedgerEntry): boolean {
  return actor.proof === 'unknown' || (kind === 'restarted' && actor.name === 'serin');
}

/** With field managers' names in those entries that neither a command nor a notice explains. */
export function withManagers(
  outbox: Message[],
  before: RolloutRecord,
  observed: Observed,
): Message[] {
  const known = before.progress;
  if (known === undefined || !entriesIn(outbox).some(isOpen)) return outbox;
  return mapEntries(outbox, (entry) => {
    if (!isOpen(entry) || entry.uid !== known.uid) return entry;
    const name = whoChanged(entry.kind, known, observed);
    return name === undefined ? entry : { ...entry, actor: reported(name) };
  });
}

/** Another controller, where that wrote the status last: a step that it took is not ours. */
export function controllerOf(rollout: WithMeta): Actor | undefined {
  const writers = partsOf(rollout).filter(({ isController }) => isController);
  const last = Math.max(...writers.map(({ at }) => at));
  const latest = writers.filter(({ at }) => at === last);
  const [other] = latest;
  const isOurs = other === undefined || latest.some(({ manager }) => manager === fieldManager);
  return isOurs ? undefined : reported(other.manager);
}

/** One name, or none where several fit. `serin` may be anybody who calls himself so. */
function whoChanged(kind: LedgerKind, known: Progress, observed: Observed): string | undefined {
  const { rollout, workload } = observed;
  const { restartAt } = rollout.spec ?? {};
  // The time asked for may be another by now.
  const isDone = restartAt !== undefined && isSameTime(restartAt, rollout.status?.restartedAt);
  if (kind === 'restarted' && !isDone) return undefined;
  const since = changedAfter(kind, known);
  if (since === undefined) return undefined;
  const wanted = specFields[kind];
  const ofTemplate = kind === 'revision' && workload ? partsOf(workload.object) : [];
  const fitting = [...partsOf(rollout), ...ofTemplate].filter((part) => {
    if (part.at < since) return false;
    if (wanted) return wanted.some((path) => has(part.spec, path));
    // A controller moves steps too, and without anybody's promote.
    if (kind === 'promoted' && part.isController) return false;
    return statusFields[kind]?.some((field) => field in part.status) ?? false;
  });
  const names = new Set(fitting.map(({ manager }) => manager));
  const [name] = names;
  return names.size === 1 && name !== fieldManager ? name : undefined;
}

function has(fields: object, path: string): boolean {
  const found = path.split('/').reduce<unknown>((at, field) => {
    return (at as Record<string, unknown> | undefined)?.[field];
  }, fields);
  return found !== undefined;
}

/** The earliest time its author's fields can carry, in whole seconds; undefined where it is not known. */
function changedAfter(kind: LedgerKind, known: Progress): Millis | undefined {
  // Long before it was carried out; and what is new may be as old as the rollout.
  if (kind === 'restarted' || (kind === 'revision' && known.currentPodHash === '')) return 0;
  // A list of steps is one field, and so its owner is who changed it last.
  if (kind === 'steps') return 0;
  if (kind !== 'revision') return secondOf(known.observedAt);
  // A template has many fields, so that who made the version before may still have some.
  return known.templateAt === undefined ? undefined : secondOf(known.templateAt) + secondMs;
}

function secondOf(at: Millis): Millis {
  return at - (at % secondMs);
}

function partsOf({ metadata }: WithMeta): Part[] {
  return (metadata?.managedFields ?? []).map((entry) => {
    const { manager = '', time, fieldsV1 = {} } = entry;
    const fields = fieldsV1 as { 'f:spec'?: object; 'f:status'?: object };
    return {
      manager,
      at: time ? fromTime(time) : 0,
      spec: fields['f:spec'] ?? {},
      status: fields['f:status'] ?? {},
      isController: isOfController(entry as ManagedFieldsEntry),
    };
  });
}

function reported(name: string): Actor {
  return { name, proof: 'reported', isClient: true };
}
