import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Caller } from '../model/caller.ts';
import type { Documents } from '../world.ts';

// Tokens of Serin's own: serin_, 256 random bits, and a checksum. A scanner finds one by the pattern, and
// a typing error is found without a look into the table, which keeps no token but its SHA-256.

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const secretBytes = 32;
const secretLength = 43;
const checksumLength = 6;

/** What scanners look for. */
export const tokenPattern = /^serin_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

export function newToken(): string {
  const secret = base62(BigInt(`0x${randomBytes(secretBytes).toString('hex')}`), secretLength);
  return `serin_${secret}${checksum(secret)}`;
}

/** Whether a text is meant as a token of Serin's own. */
export function looksLikeToken(text: string): boolean {
  return text.startsWith('serin_');
}

/** By what the table knows the token; undefined if the text is none. */
export function tokenId(text: string): string | undefined {
  const [, secret = '', sum] = tokenPattern.exec(text) ?? [];
  if (sum === undefined || checksum(secret) !== sum) return undefined;
  return createHash('sha256').update(text).digest('hex');
}

/** Who a token stands for; undefined if it is none, was revoked, or has expired. */
export async function tokenCaller(documents: Documents, text: string): Promise<Caller | undefined> {
  const id = tokenId(text);
  if (id === undefined) return undefined;
  const found = await documents.get({ kind: 'token', id });
  if (found === undefined) return undefined;
  const { name, groups } = found.body;
  return {
    actor: { name: `token:${name}`, proof: 'verified' },
    principal: { kind: 'token', id: name, groups, claims: {} },
  };
}

function checksum(secret: string): string {
  return base62(BigInt(crc32(secret)), checksumLength);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) {
    text = alphabet[Number(rest % 62n)] + text;
  }
  return text;
}
