import { safetyMs } from '../../model/plan.ts';
import type { Envelope } from '../../model/record.ts';
import { type Millis, secondMs } from '../../model/units.ts';

/** Without a doorbell: how soon to look again after that many looks that found nothing new. */
const pollMs = [1, 2, 4, 8, 15].map((seconds) => seconds * secondMs);

/** When to look again at what moves by itself. */
export function pollDelay({
  doorbell,
  record,
}: {
  doorbell: boolean;
  record?: Pick<Envelope, 'polls'>;
}): Millis {
  return doorbell
    ? safetyMs
    : (pollMs[Math.min(record?.polls ?? 0, pollMs.length - 1)] ?? safetyMs);
}
