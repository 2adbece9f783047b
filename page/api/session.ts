import { safeReturn } from '../addresses.ts';

// Whoever looks at the page. A token is in this module's memory and nowhere else; but on one's own
// machine, where `serin dev` made it, the tab keeps it, so that the page can be loaded again.

export type SignedIn = {
  state: 'in';
  token: string;
  /** Gets another token; answers whether there is one. */
  refresh?: () => Promise<boolean>;
  /** Absent of the token of this machine, which there is nobody to give back to. */
  signOut?: () => Promise<void>;
};

export type Session =
  /** Not known yet whether there is anybody. */
  | { state: 'starting' }
  /** `left`: they have signed out, so that nothing of theirs stays on the screen. */
  | { state: 'out'; why?: string; left?: true }
  | SignedIn;

/** What somebody had written in a dialog before they had to sign in again. */
export type Draft = { id: string; revision: number; reason: string };

type Listener = (session: Session) => void;

const localKey = 'serin-local-token';
const leftKey = 'serin-left';
const loopback = /^(?:localhost|\[::1\]|127(?:\.\d+){3})$/;
const listeners = new Set<Listener>();
const tabs = new BroadcastChannel('serin-session');
let current: Session = { state: 'starting' };

tabs.onmessage = ({ data }: MessageEvent<unknown>) => {
  if (data !== 'left' || current.state !== 'in' || current.signOut === undefined) return;
  setSession({ state: 'out', left: true });
};

export function session(): Session {
  return current;
}

export function setSession(next: Session): void {
  current = next;
  // Whoever has left is not sent to the issuer again, which would let them in at once.
  if (next.state === 'out' && next.left) sessionStorage.setItem(leftKey, 'yes');
  if (next.state === 'in') sessionStorage.removeItem(leftKey);
  for (const listener of listeners) listener(next);
}

export function onSession(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Signs out the other tabs of this browser. */
export function tellOtherTabs(): void {
  tabs.postMessage('left');
}

export function hasLeft(): boolean {
  return sessionStorage.getItem(leftKey) !== null;
}

/** Whether this is a Serin on one's own machine. */
export function isLocal(): boolean {
  return loopback.test(location.hostname);
}

/**
 * The token that `serin dev` put behind the `#` of its address, which no browser sends: it is read once and
 * taken out of the address.
 */
export function localToken(): string | undefined {
  if (!isLocal()) return undefined;
  const given = /^#([A-Za-z0-9_-]{20,})$/.exec(location.hash)?.[1];
  if (given !== undefined) {
    history.replaceState(null, '', safeReturn(`${location.pathname}${location.search}`));
    sessionStorage.setItem(localKey, given);
  }
  return given ?? sessionStorage.getItem(localKey) ?? undefined;
}

/** What was refused is of no more use: asked again it would be refused again. */
export function sessionRefused(why: string): void {
  if (isLocal()) sessionStorage.removeItem(localKey);
  setSession({ state: 'out', why });
}
