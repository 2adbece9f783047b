import { objectionsBy } from '../../lib/access/objections.ts';
import { messageClient } from '../../lib/channels/client.ts';
import { slackReply } from '../../lib/channels/slackReply.ts';
import { rememberedSecrets } from '../../lib/hooks/sender.ts';
import type { Channel, SlackApp } from '../../lib/model/notification.ts';
import type { Http } from '../../lib/world.ts';
import { start } from '../api/support.ts';
import { standIn } from '../notify/support.ts';
import { hmac, makeHooks } from './support.ts';

// Slack as it comes to us with a click, and as it takes our answer.

export const signing = '8f742231b10e8888abcd99yyyzzz85a5';
export const app: SlackApp = {
  ...{ token: 'env:TOKEN', signingSecret: 'env:SIGNING' },
  ...{ team: 'T0123456789', channel: 'C0123456789' },
};
const channels: Channel[] = [{ name: 'shop', namespaces: ['shop'], slack: app }];

/** The button of a message that told of the release as `makeProgress` has it. */
export const button = {
  ...{ version: 1, cluster: 'prod', namespace: 'shop', rollout: 'front-api' },
  ...{ revision: 2, podHash: 'bbb', stepIndex: 1 },
};

export const everybody = 'permit (principal is Slack, action, resource);';

// https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
/** A click as Slack documents it. */
export function makeClick(verb: string, over: object = {}, value: object | string = button) {
  return {
    type: 'block_actions',
    team: { id: 'T0123456789', domain: 'acme' },
    user: { id: 'U0123456789', username: 'ana', name: 'ana', team_id: 'T0123456789' },
    api_app_id: 'A0123456789',
    token: 'verification-token',
    container: {
      ...{ type: 'message', message_ts: '1769860805.000100', channel_id: 'C0123456789' },
      is_ephemeral: false,
    },
    trigger_id: '12345.98765.abcd2358fdea',
    channel: { id: 'C0123456789', name: 'releases' },
    message: { type: 'message', text: 'Paused' },
    response_url: 'https://hooks.slack.com/actions/T0123456789/123/abc',
    actions: [
      {
        ...{ type: 'button', action_id: `serin.${verb}`, block_id: 'x1', style: 'primary' },
        text: { type: 'plain_text', text: verb, emoji: false },
        value: typeof value === 'string' ? value : JSON.stringify(value),
        action_ts: '1769860999.123456',
      },
    ],
    ...over,
  };
}

type Wire = { secret?: string; at?: number; headers?: Record<string, string>; method?: string };

export function clicked(payload: object | string, wire: Wire = {}): Request {
  const { secret = signing, at = start, headers = {}, method = 'POST' } = wire;
  const body =
    typeof payload === 'string'
      ? payload
      : new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const timestamp = String(Math.floor(at / 1000));
  return new Request('https://serin.invalid/v1/hooks/slack', {
    method,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${hmac(`v0:${timestamp}:${body}`, secret)}`,
      ...headers,
    },
    ...(method === 'POST' && { body }),
  });
}

type Options = {
  channels?: Channel[];
  policies?: string;
  env?: Record<string, string>;
  mayNot?: () => Promise<string>;
};

/** The webhooks with clicks, over a release that is paused at its first step; and what Slack is answered. */
export async function makeSlack(options: Options = {}) {
  const { policies = everybody, env = { 'env:SIGNING': signing } } = options;
  const slack = await standIn();
  const clock = { now: Date.now };
  const real = messageClient({ openZones: ['loopback'], clock, userAgent: 'serin/test' });
  const sentTo: string[] = [];
  const http: Http = async (read, until) => {
    const { url } = read.http;
    sentTo.push(url);
    const to = url.replace('https://hooks.slack.com', slack.url);
    return await real({ ...read, http: { ...read.http, url: to } }, until);
  };
  const current = async () => ({ version: 1, settings: { policies } });
  const read = async (ref: string) => {
    const found = env[ref];
    if (found === undefined) throw new Error(`no value of ${ref}`);
    return found;
  };
  const logged: string[] = [];
  const hooks = await makeHooks([], {
    deps: {
      slack: {
        channels: async () => options.channels ?? channels,
        value: rememberedSecrets(read, { now: () => start }),
        mayNot: options.mayNot ?? objectionsBy((_, text) => void logged.push(text), current),
        reply: slackReply(http),
      },
    },
  });
  /** What whoever clicked is shown. */
  const told = () => slack.asked.map(({ body }) => JSON.parse(body).text);
  return { ...hooks, slack, told, sentTo };
}
