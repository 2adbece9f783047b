import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { DoorbellEntry } from '../model/documents.ts';
import type { Millis } from '../model/units.ts';

// The doorbell's secret. Who knows it may ring, and that is all: a ring is a hint that Serin looks into.

const secretBytes = 32;

/** 256 random bits, as a URL may hold them. */
export function newSecret(): string {
  return randomBytes(secretBytes).toString('base64url');
}

/** How a secret is kept: SHA-256 of its text, in hex. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** The address that a cluster's API server is told to ring at. `server` is that of Serin's API. */
export function doorbellUrl(server: string, name: string, secret: string): string {
  return `${server.replace(/\/+$/, '')}/v1/doorbell/${name}/${secret}`;
}

/** What such an address says; undefined for an address of another kind. */
export function readDoorbellUrl(url: string): { name: string; secret: string } | undefined {
  const [, name, secret] = /\/v1\/doorbell\/([^/]+)\/([^/]+)$/.exec(url) ?? [];
  return name !== undefined && secret !== undefined ? { name, secret } : undefined;
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
