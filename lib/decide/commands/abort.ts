import { revisionOf } from '../../model/workload.ts';
import type { CommandRule, CommandTerms } from './rule.ts';
import { isReleasing, noRelease, type Seen } from './seen.ts';

export const abortTerms: CommandTerms<'abort'> = {
  urgent: true,
  objection: (seen) => {
    if (seen.aborted) {
      return { text: 'the release is aborted already.', remedy: 'To start it again, use retry.' };
    }
    return isReleasing(seen) ? undefined : { text: noRelease(seen), remedy: instead(seen) };
  },
  kubectl: () => ({ plugin: 'abort' }),
};

export const abort: CommandRule<'abort'> = {
  terms: abortTerms,
  judge: ({ rollout }) => {
    const { status = {} } = rollout;
    const detail = `The update to revision ${revisionOf(rollout)} is aborted.`;
    if (status.abort) return { done: detail };
    if (!status.stableRS || status.stableRS === status.currentPodHash) {
      return { refuse: 'There is no release to abort: the current template is the stable one.' };
    }
    const noLonger = status.promoteFull ? { promoteFull: null } : {};
    return { deed: { status: { abort: true, ...noLonger }, detail } };
  },
  // To abort twice does less harm than not to abort.
  mayRepeat: () => true,
};

function instead({ revision, revisions, stableHash }: Seen): string {
  if (revisions?.some((each) => each !== revision) ?? true) return 'To go back, use undo.';
  return stableHash === ''
    ? 'To hold it, use pause; to replace it, set another image.'
    : 'No earlier one is kept to go back to: to replace it, set another image.';
}
