import { type CommandRule, type CommandTerms, verdictOf } from './rule.ts';

export const retryTerms: CommandTerms<'retry'> = {
  objection: ({ aborted }) =>
    aborted ? undefined : { text: 'the release is not aborted, so there is nothing to retry.' },
  kubectl: () => ({ plugin: 'retry rollout' }),
};

export const retry: CommandRule<'retry'> = {
  terms: retryTerms,
  judge: ({ rollout }) => {
    const detail = 'The aborted release starts again at its first step.';
    return verdictOf(!rollout.status?.abort, { status: { abort: false }, detail });
  },
};
