import { messagesBy } from '../lib/channels/messages.ts';
import { valuesOf } from '../lib/channels/values.ts';
import { awsSecrets } from '../lib/measure/account.ts';
import type { Channel } from '../lib/model/notification.ts';
import type { Messages, World } from '../lib/world.ts';

/** Whom to tell: the channels of a file of settings, used with this user's credentials. */
export type Told = {
  channels: Channel[];
  /** What whoever clicks on a button may do. */
  policies: string;
  env: Record<string, string | undefined>;
  userAgent: string;
};

export function localMessages(
  { store: { documents }, clock }: Pick<World, 'store' | 'clock'>,
  { channels, env, userAgent }: Told,
): Messages {
  return messagesBy({
    channels: async () => channels,
    openZones: ['private', 'loopback'],
    value: valuesOf(awsSecrets({}), env),
    ...{ documents, clock, userAgent },
    region: env.AWS_REGION ?? 'us-east-1',
  });
}
