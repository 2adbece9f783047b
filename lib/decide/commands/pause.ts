import { type CommandRule, verdictOf } from './rule.ts';

export const pause: CommandRule<'pause'> = {
  judge: ({ rollout }) => {
    const detail = 'The rollout is paused until somebody resumes it.';
    return verdictOf(rollout.spec?.paused === true, { spec: { spec: { paused: true } }, detail });
  },
};
