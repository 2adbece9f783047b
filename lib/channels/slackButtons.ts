import { defined } from '../model/defined.ts';
import type { Notification } from '../model/notification.ts';
import { type SlackVerb, slackValue } from '../model/slackButton.ts';
import { asks } from './links.ts';
import { plain } from './slackText.ts';
import { placeOf } from './texts.ts';

/**
 * What may be clicked on below a message. Each carries how the release stood when it was told: a click on an
 * old message does nothing. https://docs.slack.dev/reference/block-kit/block-elements/button-element
 */
export function buttonsOf(notification: Notification): object[] {
  const { kind, cluster, namespace, rollout, revision, podHash, stepIndex } = notification;
  if (!namespace || !rollout || revision === undefined || !podHash) return [];
  const seen = { version: 1, cluster, namespace, rollout, revision, podHash } as const;
  const value = slackValue({ ...seen, ...defined({ stepIndex }) });
  if (value === undefined) return [];
  return (asks[kind] ?? []).map((verb) => ({
    type: 'button',
    action_id: `serin.${verb}`,
    text: plain(names[verb], 75),
    value,
    ...looks[verb](notification),
  }));
}

const names: Record<SlackVerb, string> = { promote: 'Promote', abort: 'Abort' };

const looks: Record<SlackVerb, (notification: Notification) => object> = {
  promote: () => ({ style: 'primary' }),
  abort: (notification) => ({
    style: 'danger',
    confirm: {
      title: plain('Abort this release?', 100),
      text: plain(`All requests for ${placeOf(notification)} go back to the stable revision.`, 300),
      confirm: plain('Abort', 30),
      deny: plain('Leave it', 30),
      style: 'danger',
    },
  }),
};
