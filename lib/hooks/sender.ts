import { createHmac, timingSafeEqual } from 'node:crypto';
import { ProblemError, problem } from '../api/problem.ts';
import { cache } from '../cache.ts';
import { Terminal } from '../errors.ts';
import { type Millis, minuteMs, secondMs, toIso } from '../model/units.ts';
import type { Clock, World } from '../world.ts';
import type { HookKind } from './event.ts';
import type { HookSettings } from './settings.ts';

// Who sent it: looked at before anything of the body is.

/**
 * How old a generic delivery may be, and how far its clock may be from ours. Within both together a
 * repetition is known by its idempotency record, which outlives them; beyond, it is refused.
 */
const replayWindowMs: Millis = 5 * minuteMs;
const clockSkewMs: Millis = 5 * minuteMs;

/** More are not tried: each costs an HMAC of the body. */
const signaturesMax = 5;

type Sent = { headers: Headers; body: Uint8Array };

/** A shorter secret is an accident, such as an empty parameter. */
export const secretLengthMin = 16;

/** Where a secret is kept. */
export type SecretRef = { ssm: string };

/** A secret that was read no longer ago than that. */
export type Secrets = (ref: SecretRef, ageMaxMs: Millis) => Promise<string>;

/** How long a secret is used without asking again. */
export const secretLifeMs: Millis = 5 * minuteMs;
/** And how long if a signature does not fit it: it may have been changed, or somebody may be guessing. */
export const secretDoubtMs: Millis = 30 * secondMs;

export type SenderDeps = { secret: Secrets; world: Pick<World, 'clock' | 'log'> };

/** `at` is the time that was signed with the body, where one is. */
type Verified = { ok: true; at?: Millis } | { fault: string };
type Sender = Extract<Verified, { ok: true }>;

/**
 * Who sent it; throws the problem if that is nobody who knows a secret of the hook. A secret may have been
 * changed since it was fetched: in doubt, it is fetched once more.
 */
export async function requireSender(
  deps: SenderDeps,
  hook: HookSettings,
  sent: Sent,
): Promise<Sender> {
  let found: Verified = { fault: '' };
  for (const ageMaxMs of [secretLifeMs, secretDoubtMs]) {
    const secrets = await secretsOf(deps, hook, ageMaxMs);
    found = verified(hook.kind, sent, secrets, deps.world.clock.now());
    if ('ok' in found) return found;
  }
  throw new ProblemError(problem('unauthenticated', found.fault));
}

/** Of two secrets, one may not be there yet, or no more. */
async function secretsOf(
  { secret, world }: SenderDeps,
  { id, secrets }: HookSettings,
  ageMaxMs: Millis,
): Promise<string[]> {
  const fetched = await Promise.allSettled(
    secrets.map(async (ref) => {
      const text = (await secret(ref, ageMaxMs)).trim();
      if (text.length >= secretLengthMin) return text;
      throw new Terminal(`${ref.ssm} has fewer than ${secretLengthMin} characters`);
    }),
  );
  const errors = fetched.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (errors.length > 0) world.log('error', 'a secret of a hook cannot be used', { id, errors });
  const usable = fetched.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  if (usable.length > 0) return usable;
  const detail = "The secret of this hook cannot be used at the moment: Serin's log says why.";
  throw new ProblemError(problem('unavailable', detail, { retryAfterSeconds: 10 }));
}

function verified(kind: HookKind, sent: Sent, secrets: readonly string[], now: Millis): Verified {
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

/** A secret by what it is called, read no longer ago than that. */
export type Remembered = (name: string, ageMaxMs: Millis) => Promise<string>;

/** Reads secrets and remembers them. A store of secrets that fails does not take away what is known. */
export function rememberedSecrets(
  read: (name: string) => Promise<string>,
  clock: Pick<Clock, 'now'>,
): Remembered {
  const secrets = cache({
    ...{ now: clock.now, lifeMs: Number.POSITIVE_INFINITY, standsIn: () => true },
    read,
  });
  return async (name, ageMaxMs) => (await secrets(name, ageMaxMs)).value;
}

export function cachedSecrets(
  fetchSecret: (ref: SecretRef) => Promise<string>,
  clock: Pick<Clock, 'now'>,
): Secrets {
  const secrets = rememberedSecrets((ssm) => fetchSecret({ ssm }), clock);
  return ({ ssm }, ageMaxMs) => secrets(ssm, ageMaxMs);
}
