import type { Reason } from '../lib/model/plan.ts';
import type { RolloutView } from '../lib/model/view.ts';

export type Marked = Reason & { mark: NonNullable<Reason['mark']> };

/** Each mark as a word of its own, in a column and before a sentence. */
export const markWords: Record<Marked['mark'], string> = {
  leftAlone: 'Left alone',
  refused: 'Refused',
};

/** What has to be known of a rollout, and its status does not say. */
export function markedIn({ reasons }: Pick<RolloutView, 'reasons'>): Marked | undefined {
  return reasons.find((reason): reason is Marked => reason.mark !== undefined);
}

/** Whether Serin will never bring it further. */
export function isLeftAlone(view: Pick<RolloutView, 'reasons'>): boolean {
  return markedIn(view)?.mark === 'leftAlone';
}
