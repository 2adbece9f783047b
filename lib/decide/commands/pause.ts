import { type CommandRule, type CommandTerms, verdictOf } from './rule.ts';

export const pauseTerms: CommandTerms<'pause'> = {
  objection: ({ userPaused }) =>
    userPaused
      ? { text: 'the rollout is paused already.', remedy: 'To lift it, use resume.' }
      : undefined,
  kubectl: () => ({ plugin: 'pause' }),
};

export const pause: CommandRule<'pause'> = {
  terms: pauseTerms,
  judge: ({ rollout }) => {
    const detail = 'The rollout is paused until somebody resumes it.';
    return verdictOf(rollout.spec?.paused === true, { spec: { spec: { paused: true } }, detail });
  },
};
