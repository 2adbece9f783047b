import { createHmac } from 'node:crypto';
import { secondMs } from '../model/units.ts';
import { json, type Sender, taken } from './channel.ts';

/**
 * Any server. Requests are signed as Standard Webhooks says, for which there are libraries in many languages:
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const webhook: Sender<'webhook'> = async ({ url, secret }, sending) => {
  const { notification, value, request, clock } = sending;
  const { headers, body } = json(notification);
  const timestamp = String(Math.floor(clock.now() / secondMs));
  const signed = `${notification.id}.${timestamp}.${body}`;
  const key = keyOf(await value(secret));
  taken(
    await request({
      url,
      headers: {
        ...headers,
        'webhook-id': notification.id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
      },
      body,
    }),
  );
  return {};
};

/** A secret of the standard's form is base64; any other is the key itself. */
function keyOf(secret: string): Buffer {
  const [, encoded] = /^whsec_([\w+/=-]+)$/.exec(secret.trim()) ?? [];
  return encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, 'base64');
}
