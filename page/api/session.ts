import { safeReturn } from '../addresses.ts';

// Whoever looks at the page. A token is in this module's memory and nowhere else; but on one's own
// machine, where `serin dev` made it, the tab keeps it, so that the page can be loaded again.

export type Session =
  /** Not known yet whether there is anybody. */
  | { state: 'starting' }
  | { state: 'out'; why?: string }
  | { state: 'in'; token: string; refresh?: () => Promise<boolean> };

type Listener = (session: Session) => void;

const localKey = 'serin-local-token';
const loopback = /^(?:localhost|\[::1\]|127(?:\.\d+){3})$/;
const listeners = new Set<Listener>();
let current: Session = { state: 'starting' };

export function session(): Session {
  return current;
}

export function setSession(next: Session): void {
  current = next;
  for (const listener of listeners) listener(next);
}

export function onSession(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * The token that `serin dev` put behind the `#` of its address, which no browser sends: it is read once and
 * taken out of the address.
 */
export function localToken(): string | undefined {
  if (!loopback.test(location.hostname)) return undefined;
  const given = /^#([A-Za-z0-9_-]{20,})$/.exec(location.hash)?.[1];
  if (given !== undefined) {
    history.replaceState(null, '', safeReturn(`${location.pathname}${location.search}`));
    sessionStorage.setItem(localKey, given);
  }
  return given ?? sessionStorage.getItem(localKey) ?? undefined;
}

/** What was refused is of no more use: asked again it would be refused again. */
export function sessionRefused(why: string): void {
  if (loopback.test(location.hostname)) sessionStorage.removeItem(localKey);
  setSession({ state: 'out', why });
}
