import { createHash, timingSafeEqual } from 'node:crypto';
import type { Caller } from '../model/caller.ts';

/**
 * Knows one person: whoever has the token. For the server on one's own machine, which makes a token
 * of 32 random bytes when it starts.
 */
export function localAuthenticate(
  token: string,
  name: string,
): (request: Request) => Promise<Caller | undefined> {
  const expected = digest(token);
  return async (request) => {
    const given = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    // Digests have one length, so that neither the comparison's time nor its failure tells anything.
    if (given === undefined || !timingSafeEqual(digest(given), expected)) return undefined;
    return localCaller(name);
  };
}

/** Somebody on their own machine, where there is nobody else to tell them from. */
export function localCaller(name: string): Caller {
  return {
    actor: { name, proof: 'verified' },
    principal: { kind: 'local', id: name, groups: [], claims: {} },
  };
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
