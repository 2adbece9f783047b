import * as z from 'zod';
import { areNames } from '../api/pathNames.ts';
import { own } from '../model/own.ts';
import { type SlackButton, type SlackVerb, slackActions } from '../model/slackButton.ts';
import { faultOf } from './event.ts';

// What Slack tells of a click: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload

const id = z.string().regex(/^[A-Z0-9]{1,32}$/);
const words = z.string().max(200).nullish();

const payload = z.looseObject({
  team: z.looseObject({ id }),
  user: z.looseObject({ id, team_id: id, username: words, name: words }),
  channel: z.looseObject({ id }),
  response_url: z.string().max(2000).refine(isResponseUrl, 'is no address of hooks.slack.com'),
  actions: z
    .array(
      z.looseObject({
        action_id: z.string().max(255),
        action_ts: z.string().regex(/^\d{1,12}\.\d{1,9}$/),
        value: z.string().max(2000).nullish(),
      }),
    )
    .min(1)
    .max(25),
});

const button = z.looseObject({
  version: z.literal(1),
  cluster: z.string(),
  namespace: z.string(),
  rollout: z.string(),
  revision: z.int(),
  podHash: z.string().regex(/^[a-z0-9]{1,63}$/),
  stepIndex: z.int().exactOptional(),
}) satisfies z.ZodType<SlackButton>;

/** A click on a button of ours: where, by whom, and of what. */
export type Click = {
  team: string;
  channel: string;
  user: { id: string; team: string; name: string };
  /** Where whoever clicked, and nobody else, can be answered. */
  responseUrl: string;
  /** Tells one click from the next. */
  at: string;
  verb: SlackVerb;
  button: SlackButton;
};

/** `ignored`: not a click of ours. `fault`: not what Slack documents. */
export function readClick(body: Uint8Array): { click: Click } | { ignored: true } | Fault {
  const form = new URLSearchParams(Buffer.from(body).toString());
  const given = jsonOf(form.get('payload'));
  if (typeof given !== 'object' || given === null) {
    return { fault: 'The body has no payload that is JSON' };
  }
  if (!('type' in given) || given.type !== 'block_actions') return { ignored: true };
  const parsed = payload.safeParse(given);
  if (!parsed.success) return faultOf('Slack', parsed.error.issues);
  const { team, user, channel, response_url: responseUrl, actions } = parsed.data;
  for (const { action_id: action, action_ts: at, value } of actions) {
    const verb = own(slackActions, action);
    if (verb === undefined) continue;
    const read = readButton(value ?? '');
    if ('fault' in read) return read;
    const by = { id: user.id, team: user.team_id, name: user.username || user.name || '' };
    const place = { team: team.id, channel: channel.id, user: by, responseUrl, at };
    return { click: { ...place, verb, button: read.button } };
  }
  return { ignored: true };
}

type Fault = { fault: string };

function readButton(value: string): { button: SlackButton } | Fault {
  const parsed = button.safeParse(jsonOf(value));
  if (!parsed.success) return faultOf('a button of Serin', parsed.error.issues);
  const { cluster, namespace, rollout } = parsed.data;
  if (!areNames({ cluster, namespace, name: rollout })) {
    return { fault: 'The value of the button names no rollout' };
  }
  return { button: parsed.data };
}

function jsonOf(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** Nothing else is sent anything, whoever signed it. */
function isResponseUrl(text: string): boolean {
  const url = URL.parse(text);
  return url?.origin === 'https://hooks.slack.com' && url.username === '' && url.password === '';
}
