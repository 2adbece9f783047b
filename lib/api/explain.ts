import { defined } from '../model/defined.ts';
import type { Reason, Wake } from '../model/plan.ts';
import type { Millis } from '../model/units.ts';
import type { RolloutView } from '../model/view.ts';

/** The answer to "why is it stuck": what it waits for, since, until, and what would unblock it. */
export type Explanation = Pick<
  RolloutView,
  | 'cluster'
  | 'namespace'
  | 'name'
  | 'observedAt'
  | 'phase'
  | 'message'
  | 'revision'
  | 'step'
  | 'setWeight'
> & {
  /** Null when it waits for nothing but the next change. */
  waitsFor: string | null;
  since?: Millis;
  until?: Millis;
  unblock?: string;
  /** All reasons, the decisive one first: the fields above are its. */
  reasons: Reason[];
  wake: Wake;
};

export function explain(view: RolloutView): Explanation {
  const { cluster, namespace, name, observedAt, phase, message, revision } = view;
  const [first] = view.reasons;
  return {
    cluster,
    namespace,
    name,
    observedAt,
    phase,
    message,
    revision,
    ...defined({ step: view.step, setWeight: view.setWeight }),
    waitsFor: first?.text ?? null,
    ...defined({ since: first?.since, until: first?.until, unblock: first?.unblock }),
    reasons: view.reasons,
    wake: view.wake,
  };
}
