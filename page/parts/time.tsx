import { useEffect, useState } from 'preact/hooks';
import { serverNow } from '../api/clock.ts';
import { spoken } from './spoken.ts';

const tickMs = 1000;

/** The server's time, which goes on while the page is seen. */
export function useNow(): number {
  const [, setCount] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setCount((count) => count + 1);
    }, tickMs);
    return () => clearInterval(timer);
  }, []);
  return serverNow();
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayMs = 24 * 60 * 60 * 1000;

/** `03:31:02`, with the day where it was another one; by the clock on the wall, and in UTC beside it. */
export function At({ at, now }: { at: number; now: number }) {
  const isToday = Math.abs(now - at) < dayMs && day.format(at) === day.format(now);
  const iso = new Date(at).toISOString();
  return (
    <time dateTime={iso} title={`${iso.slice(0, 19).replace('T', ' ')} UTC`}>
      {isToday ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`}
    </time>
  );
}

/** How long something goes on still. It is over when the server says so, not before. */
export function left(until: number, now: number): string {
  return spoken(Math.max(tickMs, until - now));
}
