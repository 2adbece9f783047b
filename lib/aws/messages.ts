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

/** The channels of the settings in the table, as the function's own role may use them. */
export function liveMessages(
  { store: { documents }, clock }: Pick<World, 'store' | 'clock'>,
  userAgent: string,
  env: Record<string, string | undefined>,
): Messages {
  const current = cache<Channel[]>({
    ...{ now: clock.now, lifeMs, standsIn: () => true },
    read: async () => {
      const document = await documents.get(settingsKey);
      return JSON.parse(document?.body.messages ?? '[]') as Channel[];
    },
  });
  return messagesBy({
    channels: async () => (await current('')).value,
    openZones: [],
    value: valuesOf(awsSecrets({})),
    ...{ documents, clock, userAgent },
    region: env.AWS_REGION ?? '',
  });
}
