import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from './client.ts';
import { type Poller, type PollState, type PollWorld, startPoll } from './poll.ts';
import { onSession } from './session.ts';

const browser: PollWorld = {
  now: () => Date.now(),
  later: (callback, ms) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  isHidden: () => document.visibilityState === 'hidden',
  onReturn: (callback) => {
    const seen = () => document.visibilityState === 'visible' && callback();
    document.addEventListener('visibilitychange', seen);
    addEventListener('online', callback);
    return () => {
      document.removeEventListener('visibilitychange', seen);
      removeEventListener('online', callback);
    };
  },
};

export type Polled<T> = PollState<T> & { wake: () => void };

/**
 * What the API has at a path, for as long as it is shown. `first`: what is asked the first time, where
 * that is another path. No path: nothing is asked.
 */
export function usePoll<T>(
  path: string | undefined,
  pace: (value: T | undefined) => number,
  first?: string,
): Polled<T> {
  const [state, setState] = useState<PollState<T>>({ paceMs: pace(undefined) });
  const poller = useRef<Poller>(undefined);
  const latest = useRef(pace);
  latest.current = pace;
  useEffect(() => {
    if (path === undefined) return;
    const tags = new Map<string, string>();
    let next = first ?? path;
    const started = startPoll<T>(browser, {
      look: async (signal) => {
        const asked = next;
        // Where the first look fails, as into a cluster that is down, the record is better than nothing.
        next = path;
        const { body, etag, observedAt } = await ask<T>(asked, { etag: tags.get(asked), signal });
        if (etag !== undefined) tags.set(asked, etag);
        return {
          ...(body !== undefined && { value: body }),
          ...(observedAt !== undefined && { observedAt }),
        };
      },
      pace: (value) => latest.current(value),
      tell: setState,
    });
    poller.current = started;
    // What was refused to nobody may be answered to somebody.
    const stopSession = onSession(({ state: now }) => now === 'in' && started.wake());
    return () => {
      stopSession();
      started.stop();
    };
  }, [path, first]);
  return { ...state, wake: () => poller.current?.wake() };
}
