import { randomUUID } from 'node:crypto';
import { hooksHandler } from '../functions/hooks.ts';
import { objectionsBy } from '../lib/access/objections.ts';
import { messageClient } from '../lib/channels/client.ts';
import { slackReply } from '../lib/channels/slackReply.ts';
import { valuesOf } from '../lib/channels/values.ts';
import { NotFound } from '../lib/errors.ts';
import { rememberedSecrets } from '../lib/hooks/sender.ts';
import { isClickable } from '../lib/hooks/slackSender.ts';
import { awsSecrets } from '../lib/measure/account.ts';
import type { Http, World } from '../lib/world.ts';
import { type ApiHandler, hooksPath } from './gateway.ts';
import type { Told } from './messages.ts';

/**
 * Clicks on buttons in Slack beside the API, by the policies of the file of settings. `http`: stands in for
 * the network in tests.
 */
export function besideClicks(
  api: ApiHandler,
  world: World,
  { channels, policies, env, userAgent }: Told,
  http?: Http,
): ApiHandler {
  const { clock, log } = world;
  if (!channels.some(isClickable)) return api;
  const current = async () => ({ version: 1, settings: { policies } });
  const client = http ?? messageClient({ openZones: [], clock, userAgent });
  const hooks = hooksHandler({
    world,
    hooks: async () => [],
    secret: async ({ ssm }) => {
      throw new NotFound(`there are no hooks here that ${ssm} is of`);
    },
    newId: randomUUID,
    slack: {
      channels: async () => channels,
      value: rememberedSecrets(valuesOf(awsSecrets({}), env), clock),
      mayNot: objectionsBy(log, current),
      reply: slackReply(client),
    },
  }) as ApiHandler;
  // Who signed is what counts, by whatever name a tunnel calls this server.
  return (event, context) =>
    event.rawPath === `${hooksPath}slack` ? hooks(event, context) : api(event, context);
}
