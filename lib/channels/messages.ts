import { Terminal, Transient } from '../errors.ts';
import { defined } from '../model/defined.ts';
import { type Channel, type Notification, type Ways, wayNames } from '../model/notification.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { Clock, Documents, Http, Messages } from '../world.ts';
import type { Sender, Sending } from './channel.ts';
import { type ClientOptions, messageClient } from './client.ts';
import { email } from './email.ts';
import { eventBridge } from './eventBridge.ts';
import { github } from './github.ts';
import { withLink } from './links.ts';
import { slack } from './slack.ts';
import { sns } from './sns.ts';
import { teams } from './teams.ts';
import { webhook } from './webhook.ts';

/** The ways to tell somebody: a new one is a row here, one of `Ways`, and one of the settings. */
const senders: { [W in keyof Ways]: Sender<W> } = {
  webhook,
  eventBridge,
  sns,
  slack,
  teams,
  github,
  email,
};

/** How long a receiver may take for one request. */
const requestMs: Millis = 10 * secondMs;

export type MessagesOptions = ClientOptions & {
  channels: Messages['channels'];
  value: Sending['value'];
  documents: Documents;
  clock: Clock;
  region: string;
  /** Stands in for the network in tests. */
  http?: Http;
};

/** The channels of the settings, and how each is sent a message. */
export function messagesBy(options: MessagesOptions): Messages {
  const { channels, value, documents, clock, region } = options;
  const clients = new Map<string, Http>();
  const clientFor = (channel: Channel): Http => {
    const hosts = hostsOf(channel);
    const id = hosts.join(' ');
    const known = options.http ?? clients.get(id) ?? messageClient(options, hosts);
    clients.set(id, known);
    return known;
  };
  return {
    channels,
    send: async (channel, notification, endsAt) => {
      const http = clientFor(channel);
      const secrets: string[] = [];
      const sending: Sending = {
        ...{ channel, notification: withLink(channel, notification) },
        ...{ documents, clock, region },
        value: async (ref) => {
          const text = await value(ref);
          secrets.push(text.trim());
          return text;
        },
        request: async ({ method = 'POST', url, headers, body }) => {
          const pairs = Object.entries(headers);
          const asked = { method, url, headers: pairs, timeoutMs: requestMs, nonce: '' };
          return await http({ http: { ...asked, ...defined({ body }) }, via: 'internet' }, endsAt);
        },
      };
      try {
        return await sent(channel, notification, sending);
      } catch (error) {
        throw withoutSecrets(error, secrets);
      }
    },
  };
}

async function sent(
  channel: Channel,
  { kind }: Notification,
  sending: Sending,
): Promise<{ skipped?: string }> {
  const name = wayNames.find((each) => channel[each] !== undefined);
  if (name === undefined) return { skipped: `this Serin knows no way to send ${kind} by it` };
  const send = senders[name] as Sender<keyof Ways>;
  return await send(channel[name] as Ways[keyof Ways], sending);
}

/** The hosts that an administrator has written into the settings as addresses. */
function hostsOf({ webhook: hook, github: hub }: Channel): string[] {
  return [hook?.url, hub?.api].flatMap((url) => (url ? [new URL(url).hostname] : []));
}

/** The same error without the secrets in its words; an address may be one. */
function withoutSecrets(error: unknown, secrets: string[]): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const hidden = secrets.flatMap((secret) => {
    const url = URL.parse(secret);
    return url ? [secret, url.href, `${url.pathname}${url.search}`] : [secret];
  });
  const message = hidden
    .filter((each) => each.length > 1)
    .reduce((text, each) => text.replaceAll(each, '***'), error.message);
  const { retryAfterMs } = error as { retryAfterMs?: Millis };
  const clean = error instanceof Transient ? new Transient(message) : new Terminal(message);
  return Object.assign(clean, defined({ retryAfterMs }));
}
