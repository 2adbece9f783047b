import type { LedgerEntry } from '../../lib/model/record.ts';
import { type Millis, secondMs, toTime } from '../../lib/model/units.ts';
import { columns, plainAll } from '../text.ts';

/** The ledger as a table, in the order given. */
export function ledgerLines(entries: LedgerEntry[]): string[] {
  const rows = plainAll(entries).map((entry) => [
    toTime(entry.at),
    String(entry.revision),
    entry.kind,
    `${entry.actor.name} (${entry.actor.isClient ? 'client, ' : ''}${entry.actor.proof})`,
    entry.text + remarks(entry),
  ]);
  return columns([['TIME', 'REVISION', 'WHAT', 'WHO', 'DETAIL'], ...rows]);
}

function remarks({ reason, merged, pause, failedBy = [] }: LedgerEntry): string {
  const all = [
    ...failedBy.map(
      ({ metric, measurement, value, message, at }) =>
        `measurement ${measurement} of ${metric}, ${value || message || 'without a value'}, aborted it` +
        (at === undefined ? '' : ` at ${at}`),
    ),
    ...(reason === undefined ? [] : [`because: ${reason}`]),
    ...(pause === undefined
      ? []
      : [`asked for ${exactSpan(pause.askedMs)}, kept ${exactSpan(pause.keptMs)}`]),
    ...(merged === true ? ['several changes seen at once'] : []),
  ];
  return all.length === 0 ? '' : ` (${all.join('; ')})`;
}

/** A span to the millisecond: for promises that were kept. */
export function exactSpan(spanMs: Millis): string {
  return `${spanMs / secondMs}s`;
}
