// Asks again and again for one thing, at a pace that follows what it was. Never twice at a time.

export type Look<T> = {
  /** Absent of what has not changed. */
  value?: T;
  observedAt?: number;
};

export type PollState<T> = {
  value?: T;
  /** When Serin last answered, by the local clock. */
  heardAt?: number;
  /** When what it answered was true, by the server's. */
  observedAt?: number;
  failure?: PollFailure;
  /** How far apart the looks are. */
  paceMs: number;
};

export type PollFailure = Error & { status?: number; retryAfterMs?: number };

/** The world of a poller, which tests replace. */
export type PollWorld = {
  now: () => number;
  later: (callback: () => void, ms: number) => () => void;
  /** From 0 to 1, for the jitter. */
  random: () => number;
  isHidden: () => boolean;
  /** Tells when the page is seen again or the line is back; answers how to stop that. */
  onReturn: (callback: () => void) => () => void;
};

export type PollOptions<T> = {
  look: (signal: AbortSignal) => Promise<Look<T>>;
  pace: (value: T | undefined) => number;
  tell: (state: PollState<T>) => void;
};

export type Poller = { wake: () => void; stop: () => void };

const jitter = 0.2;
const failuresPaceMs = 1000;
const failuresPaceMaxMs = 60_000;
const goneStatus = 404;
const forbidden = [401, 403];

export function startPoll<T>(world: PollWorld, { look, pace, tell }: PollOptions<T>): Poller {
  const end = new AbortController();
  let state: PollState<T> = { paceMs: pace(undefined) };
  let cancel = (): void => {};
  let isLooking = false;
  let isWoken = false;
  let failures = 0;

  const set = (next: Partial<PollState<T>>, without?: 'failure'): void => {
    state = { ...state, ...next };
    if (without !== undefined) delete state[without];
    tell(state);
  };

  const schedule = (ms: number): void => {
    cancel();
    if (end.signal.aborted || world.isHidden()) return;
    cancel = world.later(() => void once(), ms);
  };

  const spread = (ms: number): number => ms * (1 + jitter * (2 * world.random() - 1));

  const failed = (error: PollFailure): void => {
    failures += 1;
    set({ failure: error });
    // Nothing changes of itself in who may do what.
    if (forbidden.includes(error.status ?? 0)) return;
    const doubled = Math.min(failuresPaceMaxMs, failuresPaceMs * 2 ** failures);
    const least = error.status === goneStatus ? pace(undefined) : doubled;
    schedule(spread(Math.max(least, error.retryAfterMs ?? 0)));
  };

  const once = async (): Promise<void> => {
    if (isLooking) {
      isWoken = true;
      return;
    }
    cancel();
    isLooking = true;
    isWoken = false;
    try {
      const { value, observedAt } = await look(end.signal);
      if (end.signal.aborted) return;
      failures = 0;
      const seen = value ?? state.value;
      set(
        {
          heardAt: world.now(),
          ...(value !== undefined && { value }),
          ...(observedAt !== undefined && { observedAt }),
          paceMs: pace(seen),
        },
        'failure',
      );
      schedule(spread(state.paceMs));
    } catch (error) {
      if (!end.signal.aborted) failed(error as PollFailure);
    } finally {
      isLooking = false;
      if (isWoken && !end.signal.aborted) void once();
    }
  };

  const stopReturns = world.onReturn(() => void once());
  void once();
  return {
    wake: () => void once(),
    stop: () => {
      end.abort();
      cancel();
      stopReturns();
    },
  };
}
