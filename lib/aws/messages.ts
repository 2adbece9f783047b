import { cache } from '../cache.ts';
import { messagesBy } from '../channels/messages.ts';
import { valuesOf } from '../channels/values.ts';
import { awsSecrets } from '../measure/account.ts';
import { settingsKey } from '../model/documents.ts';
import type { Channel } from '../model/notification.ts';
import { type Millis, minuteMs } from '../model/units.ts';
import type { Messages, World } from '../world.ts';

/** How long the channels in use are believed. */
const lifeMs: Millis = minuteMs;

type Outside = Pick<World, 'store' | 'clock'>;

/** The channels of the settings in the table. */
export function liveChannels({ store: { documents }, clock }: Outside): Messages['channels'] {
  const current = cache<Channel[]>({
    ...{ now: clock.now, lifeMs, standsIn: () => true },
    read: async () => {
      const document = await documents.get(settingsKey);
      return JSON.parse(document?.body.messages ?? '[]') as Channel[];
    },
  });
  return async () => (await current('')).value;
}

/** Those channels, as the function's own role may use them. */
export function liveMessages(
  outside: Outside,
  userAgent: string,
  env: Record<string, string | undefined>,
): Messages {
  const { store, clock } = outside;
  const { documents } = store;
  return messagesBy({
    channels: liveChannels(outside),
    openZones: [],
    value: valuesOf(awsSecrets({})),
    ...{ documents, clock, userAgent },
    region: env.AWS_REGION ?? '',
  });
}
