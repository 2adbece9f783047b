import type { Seen } from '../decide/commands/seen.ts';
import type { Caller, Principal } from '../model/caller.ts';
import { defined } from '../model/defined.ts';
import type { Actor, Intent } from '../model/intent.ts';
import type { RolloutView } from '../model/view.ts';

/** Where a release stood, before a command or after it. */
export type Standing = Pick<
  RolloutView,
  'phase' | 'message' | 'revision' | 'paused' | 'aborted'
> & {
  stepIndex: number | null;
};

/** Who sends a request. */
export type Me = Pick<Actor, 'name' | 'proof'> & Pick<Principal, 'kind' | 'groups'>;

export function meAnswer({ actor, principal }: Caller): Me {
  const { name, proof } = actor;
  const { kind, groups } = principal;
  return { name, proof, kind, groups };
}

/** A command and what became of it. */
export type CommandAnswer = Pick<
  Intent,
  'id' | 'command' | 'actor' | 'reason' | 'acceptedAt' | 'outcome'
> & {
  before?: Standing;
  after?: Standing;
  rollout?: RolloutView;
};

export function standingBefore(seen: Seen): Standing {
  const { phase, message, revision, stepIndex, aborted, heldByPause, userPaused } = seen;
  return { phase, message, revision, stepIndex, paused: heldByPause || userPaused, aborted };
}

export function standingAfter(view: RolloutView): Standing {
  const { phase, message, revision, step, paused, aborted } = view;
  return { phase, message, revision, stepIndex: step?.index ?? null, paused, aborted };
}

export function commandAnswer(intent: Intent, more: Partial<CommandAnswer> = {}): CommandAnswer {
  const { id, command, actor, reason, acceptedAt, outcome } = intent;
  return {
    ...{ id, command, actor, acceptedAt },
    ...defined({ reason, outcome }),
    ...more,
  };
}
