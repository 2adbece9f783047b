import * as z from 'zod';
import { type Channel, notificationKinds, wayNames } from '../model/notification.ts';
import { ref } from './names.ts';
import { slackKeys, slackWay } from './slack.ts';

// The `messages` of the settings document: whom to tell, of what, and by which way. What is said of a
// fault is the end of a sentence that begins with the path.

const pattern = z
  .string()
  .regex(
    /^[\w.*-]{1,253}$/,
    'must be a name, in which * stands for any characters, such as front-*',
  );
const patterns = z
  .array(pattern)
  .min(1, 'is empty, so that it fits nothing: name some, or leave it out for all')
  .exactOptional();

const address = z.string().superRefine((value, context) => {
  const url = URL.parse(value);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    context.addIssue('must be an address such as https://ops.example/serin');
  } else if (url.protocol === 'http:' && url.hostname !== '127.0.0.1') {
    context.addIssue('must begin with https://, or others could read it on the way');
  } else if (url.username !== '' || url.password !== '') {
    context.addIssue('must hold no password: requests are signed with the secret instead');
  }
});

function arn(service: string, resource: string, example: string) {
  const form = new RegExp(`^arn:aws[\\w-]*:${service}:[a-z0-9-]+:\\d{12}:${resource}$`);
  return z.string().regex(form, `must be an ARN, such as ${example}`);
}

const mailbox = z
  .string()
  .regex(
    /^(?:[^<>\r\n]{0,200}<)?[^\s<>@]{1,64}@[^\s<>@]{1,255}>?$/,
    'must be an address of e-mail, such as serin@ops.example',
  );

const ways = {
  webhook: z.strictObject({ url: address, secret: ref }),
  eventBridge: z.strictObject({
    bus: arn(
      'events',
      'event-bus/[\\w./-]{1,256}',
      'arn:aws:events:eu-west-1:111122223333:event-bus/releases',
    ),
  }),
  sns: z.strictObject({
    topic: arn('sns', '[\\w-]{1,256}(?:\\.fifo)?', 'arn:aws:sns:eu-west-1:111122223333:releases'),
  }),
  slack: slackWay,
  teams: z.strictObject({ webhook: ref }),
  github: z.strictObject({
    repository: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+$/, 'must be OWNER/NAME, such as acme/front-api'),
    token: ref,
    environment: z.string().min(1, 'must not be empty').max(255).exactOptional(),
    api: address.exactOptional(),
  }),
  email: z.strictObject({
    from: mailbox,
    to: z.array(mailbox).min(1, 'is empty: name somebody').max(50, 'has more than 50 addresses'),
    region: z
      .string()
      .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'must be a region, such as eu-west-1')
      .exactOptional(),
  }),
};

const pageAddress = z.string().superRefine((value, context) => {
  const url = URL.parse(value);
  const isSecure = url?.protocol === 'https:' || url?.hostname === '127.0.0.1';
  if (!url || !isSecure || !/^https?:$/.test(url.protocol)) {
    context.addIssue("must be the address of Serin's page, such as https://serin.example");
  } else if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    context.addIssue('must be an address alone, without a query, a # or a password');
  }
});

const rules = {
  clusters: patterns,
  namespaces: patterns,
  rollouts: patterns,
  kinds: z
    .array(z.enum(notificationKinds, { error: `must be one of ${notificationKinds.join(', ')}` }))
    .min(1, 'is empty, so that it fits nothing: name some, or leave it out for all')
    .exactOptional(),
};

const channel = z
  .strictObject({
    /** What checks and logs call it, and what is known of a message is kept by. */
    name: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 of a-z, 0-9 and -'),
    ...rules,
    page: pageAddress.exactOptional(),
    webhook: ways.webhook.exactOptional(),
    eventBridge: ways.eventBridge.exactOptional(),
    sns: ways.sns.exactOptional(),
    slack: ways.slack.exactOptional(),
    teams: ways.teams.exactOptional(),
    github: ways.github.exactOptional(),
    email: ways.email.exactOptional(),
  })
  .superRefine((given, context) => {
    const found = wayNames.filter((each) => given[each] !== undefined);
    if (found.length === 1) return;
    const message =
      found.length === 0
        ? `says no way: add one of ${wayNames.join(', ')}`
        : `says ${found.length} ways, ${found.join(' and ')}: make each a channel of its own`;
    context.addIssue({ code: 'custom', message });
  });

export const channelList = z
  .array(channel)
  .max(50, 'has more than 50 channels')
  .superRefine((channels, context) => {
    const names = channels.map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue;
      const message = `is ${name}, which another channel is called already: give each its own`;
      context.addIssue({ code: 'custom', path: [index, 'name'], message });
    }
  }) satisfies z.ZodType<Channel[]>;

/** For whoever misspells one. */
export const channelKeys = [
  ...new Set([
    ...['name', 'clusters', 'namespaces', 'rollouts', 'kinds', 'page', ...wayNames],
    ...['url', 'secret', 'bus', 'topic', ...slackKeys, 'repository', 'environment', 'api'],
    ...['from', 'to', 'region'],
  ]),
];
