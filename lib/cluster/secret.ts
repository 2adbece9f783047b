import { createHash, randomBytes } from 'node:crypto';

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
