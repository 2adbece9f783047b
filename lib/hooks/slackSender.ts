import { createHmac, timingSafeEqual } from 'node:crypto';
import { ProblemError, problem } from '../api/problem.ts';
import { Terminal } from '../errors.ts';
import type { Channel, SlackApp, ValueRef } from '../model/notification.ts';
import { type Millis, minuteMs, secondMs, toIso } from '../model/units.ts';
import type { World } from '../world.ts';
import { type Remembered, secretDoubtMs, secretLengthMin, secretLifeMs } from './sender.ts';

// Whether Slack sent it: looked at before anything of the body is.
// https://docs.slack.dev/authentication/verifying-requests-from-slack

/** As long as Slack says. Within it a repetition is known by the commands that the rollout has had. */
const replayWindowMs: Millis = 5 * minuteMs;

/** A channel whose messages have buttons. */
export type Clickable = Channel & { slack: Required<Omit<SlackApp, 'groups'>> & SlackApp };

export function isClickable(channel: Channel): channel is Clickable {
  const { slack } = channel;
  return slack !== undefined && 'signingSecret' in slack && slack.team !== undefined;
}

type Sent = { headers: Headers; body: Uint8Array };
type Outside = { value: Remembered; world: Pick<World, 'clock' | 'log'> };

/**
 * The channels whose app it was sent by: several apps come to one address. Throws the problem if it is none.
 * A secret may have been changed since it was read: in doubt, it is read once more.
 */
export async function requireSlack(
  outside: Outside,
  channels: readonly Clickable[],
  sent: Sent,
): Promise<Clickable[]> {
  const { world } = outside;
  const signature = signatureOf(sent, world.clock.now());
  const refs = [...new Set(channels.map(({ slack }) => slack.signingSecret))];
  for (const ageMaxMs of [secretLifeMs, secretDoubtMs]) {
    const secrets = await secretsOf(outside, refs, ageMaxMs);
    const right = new Set<ValueRef>();
    // All are compared, whatever comes of the first: the time tells nothing.
    for (const [ref, secret] of secrets) {
      const expected = createHmac('sha256', secret).update(signature.of).digest();
      if (timingSafeEqual(expected, signature.given)) right.add(ref);
    }
    if (right.size > 0) return channels.filter(({ slack }) => right.has(slack.signingSecret));
  }
  throw unauthenticated(
    'The signature in x-slack-signature is not that of this body with a signing secret of the settings. ' +
      "Check that the app's signing secret is the one that they name.",
  );
}

/** What is said to be the signature, and of what. */
function signatureOf({ headers, body }: Sent, now: Millis): { given: Buffer; of: Buffer } {
  const timestamp = headers.get('x-slack-request-timestamp') ?? '';
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw unauthenticated(
      'The header x-slack-request-timestamp is not a time in whole seconds since 1970.',
    );
  }
  const at = Number(timestamp) * secondMs;
  if (Math.abs(now - at) > replayWindowMs) {
    throw unauthenticated(
      `It was signed at ${toIso(at)}, and here it is ${toIso(now)}: too far apart.`,
    );
  }
  const [, hex] = /^v0=([0-9a-f]{64})$/.exec(headers.get('x-slack-signature') ?? '') ?? [];
  if (hex === undefined) {
    throw unauthenticated('The header x-slack-signature is missing or malformed.');
  }
  return {
    given: Buffer.from(hex, 'hex'),
    of: Buffer.concat([Buffer.from(`v0:${timestamp}:`), body]),
  };
}

function unauthenticated(detail: string): ProblemError {
  return new ProblemError(problem('unauthenticated', detail));
}

async function secretsOf(
  { value, world }: Outside,
  refs: ValueRef[],
  ageMaxMs: Millis,
): Promise<[ValueRef, string][]> {
  const read = await Promise.allSettled(
    refs.map(async (ref): Promise<[ValueRef, string]> => {
      const text = (await value(ref, ageMaxMs)).trim();
      if (text.length >= secretLengthMin) return [ref, text];
      throw new Terminal(`${ref} has fewer than ${secretLengthMin} characters`);
    }),
  );
  const errors = read.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (errors.length > 0) world.log('error', 'a signing secret of Slack cannot be used', { errors });
  const usable = read.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  if (usable.length > 0) return usable;
  const detail = "The signing secret cannot be used at the moment: Serin's log says why.";
  throw new ProblemError(problem('unavailable', detail, { retryAfterSeconds: 10 }));
}
