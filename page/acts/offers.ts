import type { CallersAct } from '../../lib/model/act.ts';
import type { Verb } from '../../lib/model/intent.ts';
import type { Rollout } from '../api/answers.ts';

/** An act as it is offered: the server says what may be done; here are the words on the buttons. */
export type Offer = {
  /** `promote`, `promote full` … */
  id: string;
  verb: Verb;
  options?: Record<string, true>;
  label: string;
  /** What the server says of it; absent where it does not say, as an older one. */
  said?: CallersAct;
  /** Of a verb that names a revision: what it says of each. */
  variants?: CallersAct[];
  /** What the dialog asks for beside a reason. */
  takes?: 'revision' | 'image';
  /** Whether a reason has to be given. */
  needsReason?: true;
  /** It stops something, or throws something away. */
  isStop?: true;
};

/** In the order of the menu. */
const known: Offer[] = [
  { id: 'promote', verb: 'promote', label: 'Promote' },
  { id: 'pause', verb: 'pause', label: 'Pause' },
  { id: 'resume', verb: 'resume', label: 'Resume' },
  { id: 'retry', verb: 'retry', label: 'Retry' },
  { id: 'abort', verb: 'abort', label: 'Abort', isStop: true },
  {
    ...{ id: 'skip', verb: 'promote', label: 'Skip this step' },
    ...{ options: { skipCurrentStep: true }, needsReason: true },
  },
  {
    ...{ id: 'skipall', verb: 'promote', label: 'Skip all steps' },
    ...{ options: { skipAllSteps: true }, needsReason: true },
  },
  {
    ...{ id: 'full', verb: 'promote', label: 'Promote fully' },
    ...{ options: { full: true }, needsReason: true },
  },
  { id: 'undo', verb: 'undo', label: 'Go back', takes: 'revision', needsReason: true },
  { id: 'image', verb: 'image', label: 'Set image', takes: 'image', needsReason: true },
  { id: 'restart', verb: 'restart', label: 'Restart pods' },
];

export function offersOf({ acts }: Pick<Rollout, 'acts'>): Offer[] {
  if (acts === undefined) return known;
  return known.flatMap((offer) => {
    const variants = acts.filter(
      ({ verb, options }) => verb === offer.verb && isMeant(offer, options),
    );
    const said = variants.find(({ fits }) => fits) ?? variants[0];
    // What nobody lets them do is not put before people.
    if (said === undefined || !said.may) return [];
    return [{ ...offer, said, ...(offer.takes === 'revision' && { variants }) }];
  });
}

export function fits({ said }: Offer): boolean {
  return said?.fits !== false;
}

function isMeant(offer: Offer, options: CallersAct['options'] = {}): boolean {
  const names = (of: object) => Object.keys(of).sort().join();
  return offer.takes === 'revision' || names(options) === names(offer.options ?? {});
}
