import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { DoorbellEntry } from '../model/documents.ts';
import type { Millis } from '../model/units.ts';

const secretBytes = 32;

/** What a cluster names in the URL it rings at: 256 bits, as a URL writes them. */
export function newSecret(): string {
  return randomBytes(secretBytes).toString('base64url');
}

/** What is kept of it. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Whether it is one that counts now. It takes as long whatever is wrong with it. */
export function isSecretOf(
  { secrets }: Pick<DoorbellEntry, 'secrets'>,
  secret: string,
  now: Millis,
): boolean {
  const given = Buffer.from(secretHash(secret), 'hex');
  return secrets
    .map(({ sha256, until = Number.POSITIVE_INFINITY }) => {
      const kept = Buffer.from(sha256, 'hex');
      return kept.length === given.length && timingSafeEqual(kept, given) && now < until;
    })
    .includes(true);
}
