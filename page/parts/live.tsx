import './live.css';
import type { PollState } from '../api/poll.ts';
import { spoken } from './spoken.ts';
import { useNow } from './time.tsx';

const graceMs = 10_000;

/** How old what is shown may be before it is said. */
function isOld({ heardAt, paceMs }: PollState<unknown>, now: number): boolean {
  return heardAt !== undefined && now - heardAt > 3 * paceMs + graceMs;
}

export function Live({ poll }: { poll: PollState<unknown> }) {
  useNow();
  const { heardAt, failure } = poll;
  if (heardAt === undefined) return null;
  const now = Date.now();
  const isLive = failure === undefined && !isOld(poll, now);
  return (
    <span class={`live ${isLive ? 'is-live' : ''}`}>
      <span aria-hidden="true">{isLive ? '●' : '○'}</span>
      {isLive ? ' live, ' : ' '}seen {spoken(now - heardAt)} ago
    </span>
  );
}

/** Says that what is shown is old, and why. */
export function Stale({ poll, wake }: { poll: PollState<unknown>; wake: () => void }) {
  useNow();
  const { heardAt, failure } = poll;
  const now = Date.now();
  if (heardAt === undefined || (failure === undefined && !isOld(poll, now))) return null;
  // One answer that is missing is no news yet.
  const isNews = failure?.status === 403 || failure?.status === 401 || now - heardAt > graceMs;
  if (!isNews && navigator.onLine) return null;
  const since = new Date(heardAt).toLocaleTimeString('en-GB');
  const why = navigator.onLine ? (failure?.message ?? '') : 'This device is offline.';
  return (
    <div class="strip" role="status">
      <p>
        Not heard since {since} ({spoken(now - heardAt)}). Below is as of then. {why}
      </p>
      <button type="button" onClick={wake}>
        Try now
      </button>
    </div>
  );
}
