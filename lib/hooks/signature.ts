import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Millis, minuteMs, secondMs, toIso } from '../model/units.ts';
import type { HookKind } from './event.ts';

// Who sent it: looked at before anything of the body is.

/**
 * How old a generic delivery may be, and how far its clock may be from ours. Within both together a
 * repetition is known by its claim, which outlives them; beyond, it is refused.
 */
const replayWindowMs: Millis = 5 * minuteMs;
const clockSkewMs: Millis = 5 * minuteMs;

/** More are not tried: each costs an HMAC of the body. */
const signaturesMax = 5;

type Sent = { headers: Headers; body: Uint8Array };

/** `at` is the time that was signed with the body, where one is. */
export type Verified = { ok: true; at?: Millis } | { fault: string };

export function verified(
  kind: HookKind,
  sent: Sent,
  secrets: readonly string[],
  now: Millis,
): Verified {
  switch (kind) {
    case 'circleci':
      return ofHeader('circleci-signature', /^v1=([0-9a-f]{64})$/i, sent, secrets);
    case 'github':
      return ofHeader('x-hub-signature-256', /^sha256=([0-9a-f]{64})$/i, sent, secrets);
    case 'hmac':
      return ofTimestamped(sent, secrets, now);
  }
}

function ofTimestamped(sent: Sent, secrets: readonly string[], now: Millis): Verified {
  const timestamp = sent.headers.get('serin-timestamp') ?? '';
  if (!/^\d{1,12}$/.test(timestamp)) {
    return { fault: 'The header serin-timestamp is not a time in whole seconds since 1970.' };
  }
  const body = Buffer.concat([Buffer.from(`${timestamp}.`), sent.body]);
  const form = /^v1=([0-9a-f]{64})$/i;
  const found = ofHeader('serin-signature', form, { ...sent, body }, secrets);
  if ('fault' in found) return found;
  const at = Number(timestamp) * secondMs;
  if (Math.abs(now - at) > replayWindowMs + clockSkewMs) {
    return {
      fault:
        `It was signed at ${toIso(at)}, and here it is ${toIso(now)}: too far apart. ` +
        'Sign it anew when it is sent again, and check the clock of the sender.',
    };
  }
  return { ok: true, at };
}

function ofHeader(
  name: string,
  form: RegExp,
  { headers, body }: Sent,
  secrets: readonly string[],
): Verified {
  const given = (headers.get(name) ?? '')
    .split(',')
    .slice(0, signaturesMax)
    .flatMap((each) => form.exec(each.trim())?.[1] ?? [])
    .map((hex) => Buffer.from(hex, 'hex'));
  if (given.length === 0) return { fault: `The header ${name} is missing or malformed.` };
  let isRight = false;
  // All are compared, whatever comes of the first: the time tells nothing.
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(body).digest();
    for (const each of given) isRight = timingSafeEqual(each, expected) || isRight;
  }
  if (isRight) return { ok: true };
  return {
    fault:
      `The signature in ${name} is not that of this body with the secret of this hook. ` +
      "Check that the sender's secret is the one that the settings name.",
  };
}
