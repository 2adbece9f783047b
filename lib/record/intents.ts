import type { Controller } from '../model/controller.ts';
import {
  closedIntentLifeMs,
  closedIntentsLengthMax,
  closedIntentsMax,
  type Intent,
  type Outcome,
} from '../model/intent.ts';
import type { Message } from '../model/outbox.ts';
import type { AnyPlan } from '../model/plan.ts';
import type { Envelope } from '../model/record.ts';
import type { Millis } from '../model/units.ts';

// The commands in a record. The ledger tells of each what became of it.

type Ledger = Controller['ledger'];

/** What the API server answered to the write that carries a command out. */
export type Tried = { id: string; isTaken: boolean };

/** The record with what is known of a command's write: it was taken, or it was not and may be tried anew. */
export function withTried(record: Envelope, tried: Tried | undefined): Envelope {
  if (tried === undefined) return record;
  const intents = record.intents.map((intent): Intent => {
    const { applying, ...untried } = intent;
    if (intent.id !== tried.id || applying === undefined) return intent;
    return tried.isTaken ? { ...intent, applying: { ...applying, isTaken: true } } : untried;
  });
  return { ...record, intents };
}

/** The record with a command closed by what became of it outside of a turn. */
export function withClosed(
  record: Envelope,
  { id, outcome }: { id: string; outcome: Outcome },
  ledger: Ledger,
): Envelope {
  const intents = record.intents.map((intent): Intent => {
    return intent.id === id ? { ...intent, outcome } : intent;
  });
  const closed = intents.filter((intent) => intent.id === id);
  return {
    ...record,
    intents,
    outbox: [...(record.outbox ?? []), ...told(closed, record, ledger)],
  };
}

/** What is still to be told of an object that was deleted, open commands among it: nobody can do them now. */
export function lastMessages(record: Envelope, ledger: Ledger, now: Millis): Message[] {
  const open = record.intents.filter((intent) => intent.outcome === undefined);
  const ended = open.map((intent): Intent => {
    const detail = intent.applying
      ? 'The rollout was deleted while it was carried out.'
      : 'Nothing was done: the rollout was deleted.';
    return { ...intent, outcome: { result: 'superseded', detail, at: now } };
  });
  return [...(record.outbox ?? []), ...told(ended, record, ledger)];
}

function told(ended: Intent[], record: Envelope, ledger: Ledger): Message[] {
  if (ledger === undefined) return [];
  return ended.map((intent) => ({ ledger: ledger.command(intent, record) }));
}

/** As a plan leaves them. */
export function closeIntents(intents: Intent[], plan: AnyPlan): Intent[] {
  return intents.map((intent) => {
    const step = plan.intents.find((each) => each.id === intent.id);
    if (step === undefined) return intent;
    return step.step === 'apply'
      ? { ...intent, applying: step.applying }
      : { ...intent, outcome: step.outcome };
  });
}

/**
 * Open ones, and closed ones for as long as a request may be repeated under its key; the newest, and no
 * more of them than leave the item well below what the table takes.
 */
export function remembered(intents: Intent[], now: Millis): Intent[] {
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
