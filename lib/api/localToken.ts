import { createHash, timingSafeEqual } from 'node:crypto';
import type { Actor } from '../model/intent.ts';

/**
 * Knows one person: whoever has the token. For the server on one's own machine, which makes a token
 * of 32 random bytes when it starts.
 */
export function localAuthenticate(
  token: string,
  name: string,
): (request: Request) => Promise<Actor | undefined> {
  const expected = digest(token);
  return async (request) => {
    const given = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    // Digests have one length, so that neither the comparison's time nor its failure tells anything.
    if (given === undefined || !timingSafeEqual(digest(given), expected)) return undefined;
    return { name, proof: 'verified' };
  };
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
