import { revisionOf } from '../../model/workload.ts';
import type { CommandRule } from './rule.ts';

export const abort: CommandRule<'abort'> = {
  urgent: true,
  judge: ({ rollout }) => {
    const { status = {} } = rollout;
    const detail = `The update to revision ${revisionOf(rollout)} is aborted.`;
    if (status.abort) return { done: detail };
    if (!status.stableRS || status.stableRS === status.currentPodHash) {
      return { refuse: 'There is no release to abort: the current template is the stable one.' };
    }
    const instead = status.promoteFull ? { promoteFull: null } : {};
    return { deed: { status: { abort: true, ...instead }, detail } };
  },
  // To abort twice does less harm than not to abort.
  mayRepeat: () => true,
};
