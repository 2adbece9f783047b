// What stands between a button that Slack shows and the click that comes back of it. Pure.

/** What a button asks for, by its `action_id`. */
export const slackActions = { 'serin.promote': 'promote', 'serin.abort': 'abort' } as const;
export type SlackVerb = (typeof slackActions)[keyof typeof slackActions];

/** Which release the message with the button was of, and how it stood. Version 1 grows, and never changes. */
export type SlackButton = {
  version: 1;
  cluster: string;
  namespace: string;
  rollout: string;
  revision: number;
  podHash: string;
  /** Absent of a strategy without steps. */
  stepIndex?: number;
};

/** As much as Slack takes: https://docs.slack.dev/reference/block-kit/block-elements/button-element */
const valueLengthMax = 2000;

/** The `value` of a button; undefined where Slack would not take it. */
export function slackValue(button: SlackButton): string | undefined {
  const text = JSON.stringify(button);
  return text.length > valueLengthMax ? undefined : text;
}
