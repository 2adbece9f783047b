import { Conflict, NotFound, Terminal } from '../../lib/errors.ts';
import type { Event } from '../../lib/model/argo.generated.ts';
import { pauseReasons } from '../../lib/model/names.ts';
import type { RolloutRecord } from '../../lib/model/record.ts';
import type { Millis } from '../../lib/model/units.ts';
import { uidOf, versionOf } from '../../lib/model/workload.ts';
import type { Context, RolloutWrite, Turn } from './watchdog.ts';

// Whoever follows the Events reads of each promotion and of each pause, once, whichever process ended
// before it had told of it; and of none that did not come about.

export type ToldWatch = {
  byUs: (write: RolloutWrite) => void;
  byOthers: () => void;
  saved: (record: RolloutRecord) => void;
  put: (event: Event) => void;
  /** After everything has come to rest. */
  judgeEnd: () => void;
};

/** Of what one write of Serin's to the status did. One that is not sure may be told or not. */
type Deed = { id: string; turn: Turn; isSure: boolean; isOpen: boolean };

const pauses: string[] = [pauseReasons.step, pauseReasons.blueGreen];

export function watchTold(context: Context, lastStoreFaultAt: () => Millis): ToldWatch {
  const deeds: Deed[] = [];
  const told = new Map<string, number>();
  /** Whether the process that did it had told of it can be seen from the rollout no more. */
  const blur = (): void => {
    for (const deed of deeds) if (deed.isOpen) deed.isSure = false;
  };
  return {
    byUs: (write) => {
      blur();
      const { turn, before } = write;
      // A status that was wiped is put back without a word, and what the table does not know of can be lost.
      const isSure = Boolean(before.status?.stableRS) && lastStoreFaultAt() < turn.at;
      const seen = `${uidOf(before)} v${versionOf(turn.rollout ?? {})}`;
      const reasons = reasonsOf(write);
      deeds.push(
        ...reasons.map((reason) => ({ id: `${reason} ${seen}`, turn, isSure, isOpen: true })),
      );
    },
    byOthers: blur,
    saved: ({ outbox = [] }) => {
      const isInDoubt = outbox.some((message) => 'event' in message && message.event.turn);
      for (const deed of deeds) deed.isOpen &&= isInDoubt;
    },
    put: ({ reason = '', message = '', involvedObject: { uid, resourceVersion } = {} }) => {
      const isPause = reason === 'RolloutPaused' && pauses.some((each) => message.includes(each));
      if (reason !== 'RolloutCompleted' && !isPause) return;
      const id = `${reason} ${uid} v${resourceVersion}`;
      told.set(id, (told.get(id) ?? 0) + 1);
    },
    judgeEnd: () => {
      for (const [id, times] of told) {
        // Two may decide the same, one of them without the table: then the other may tell of it too.
        const isMade = (deed: Deed) => deed.id === id || (!deed.isSure && isAlike(deed.id, id));
        const isDone = deeds.some(isMade);
        if (!isDone) context.fail('what is told came about', id);
        if (times > 1) context.fail('what is done is told once', `${id}: ${times} times`);
      }
      for (const { id, turn, isSure } of deeds) {
        // What met a conflict is decided anew.
        const isMissing = isSure && !turn.isCutShort && !told.has(id);
        if (isMissing) context.fail('what is done is told once', `${id}: not at all`);
      }
    },
  };
}

/** The same reason and rollout, of another version. */
function isAlike(id: string, other: string): boolean {
  const [reason, uid] = id.split(' ');
  return other.startsWith(`${reason} ${uid} `);
}

function reasonsOf({ before, after }: RolloutWrite): string[] {
  const [was, is] = [before.status ?? {}, after.status ?? {}];
  const [pause] = is.pauseConditions ?? [];
  const isPaused = pause && pauses.includes(pause.reason) && !was.pauseConditions?.length;
  return [
    ...(is.stableRS && is.stableRS !== was.stableRS ? ['RolloutCompleted'] : []),
    ...(isPaused ? ['RolloutPaused'] : []),
  ];
}

/** A write of a turn, which ends with the first that is refused. */
export async function cutting<T>(turn: Turn, write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    const isRefused = [Conflict, NotFound, Terminal].some((kind) => error instanceof kind);
    if (isRefused) turn.isCutShort = true;
    throw error;
  }
}
