import { type CommandRule, verdictOf } from './rule.ts';

export const retry: CommandRule<'retry'> = {
  judge: ({ rollout }) => {
    const detail = 'The aborted release starts again at its first step.';
    return verdictOf(!rollout.status?.abort, { status: { abort: false }, detail });
  },
};
