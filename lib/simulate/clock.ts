import { performance } from 'node:perf_hooks';
import type { Millis } from '../model/units.ts';
import type { Clock } from '../world.ts';

type Task = () => void | Promise<void>;

/** A World's clock on which a simulated cluster can also put its own tasks. */
export type TaskClock = Clock & {
  /** Starts the task once `now() >= at`; a time that has passed means as soon as possible. */
  schedule: (at: Millis, task: Task) => Cancel;
};
export type Cancel = () => void;

export type VirtualClock = TaskClock & {
  /**
   * Lets time pass from timer to timer, as fast as the tasks run: to `until`, for as long as
   * `while` holds, or until no timer is left. Rejects with what a task threw, and when
   * `eventsMax` timers did not get it there, for then something goes round in circles.
   */
  run: (limits: RunLimits) => Promise<RunEnd>;
};
type RunLimits = { until?: Millis; while?: () => boolean; eventsMax: number };
type RunEnd = { ended: 'until' | 'while' | 'idle'; events: number };

export type ScaledClock = TaskClock & {
  /** Drops all timers, those still to be set included, so that the process can end. */
  stop: () => void;
};

/** Time that passes only inside `run`. */
export function virtualClock(startMs: Millis): VirtualClock {
  const timers = timerQueue();
  let now = startMs;
  let running = false;
  const broken: { error: unknown }[] = [];

  const start = (task: Task): void => {
    // Nobody waits for a task: it may itself be asleep on this clock.
    void (async () => await task())().catch((error) => broken.push({ error }));
  };
  const settle = async (): Promise<void> => {
    // One turn empties the queue of promises; the second gives callbacks of I/O a chance.
    await immediate();
    await immediate();
    const [first] = broken.splice(0);
    if (first !== undefined) throw first.error;
  };
  const run = async (limits: RunLimits): Promise<RunEnd> => {
    const { until = Number.POSITIVE_INFINITY, eventsMax } = limits;
    for (let events = 0; ; events += 1) {
      await settle();
      if (limits.while?.() === false) return { ended: 'while', events };
      const at = timers.next();
      if (at === undefined || at > until) {
        if (Number.isFinite(until)) now = Math.max(now, until);
        return { ended: at === undefined ? 'idle' : 'until', events };
      }
      if (events === eventsMax) throw new Error(`still busy after ${eventsMax} timers`);
      now = Math.max(now, at);
      const task = timers.take();
      if (task !== undefined) start(task);
    }
  };
  return {
    ...taskClock(() => now, timers.add),
    run: async (limits) => {
      if (running) throw new Error('the virtual clock is running already');
      running = true;
      try {
        return await run(limits);
      } finally {
        running = false;
      }
    },
  };
}

/** The real clock, `speed` times as fast from now on. A task that fails ends the process. */
export function scaledClock(speed: number): ScaledClock {
  const timers = timerQueue();
  const startMs = Date.now();
  const started = performance.now();
  let alarm: NodeJS.Timeout | undefined;
  let isStopped = false;
  const now = (): Millis => Math.floor(startMs + (performance.now() - started) * speed);

  const ring = (): void => {
    for (let at = timers.next(); at !== undefined && at <= now(); at = timers.next()) {
      const task = timers.take();
      if (task !== undefined) void (async () => await task())();
    }
    arm();
  };
  const arm = (): void => {
    clearTimeout(alarm);
    const at = timers.next();
    if (at !== undefined) alarm = setTimeout(ring, timeoutMs((at - now()) / speed));
  };
  const add = (at: Millis, task: Task): Cancel => {
    // Whatever runs on would keep itself alive for ever, one timer setting the next.
    if (isStopped) return () => {};
    const cancel = timers.add(at, task);
    arm();
    return cancel;
  };
  return {
    ...taskClock(now, add),
    stop: () => {
      isStopped = true;
      timers.clear();
      clearTimeout(alarm);
    },
  };
}

/** What setTimeout can take; a longer wait rings early, finds nothing due and is set again. */
function timeoutMs(wait: number): number {
  return Math.min(Math.max(Math.ceil(wait), 0), 2 ** 31 - 1);
}

function immediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function taskClock(now: () => Millis, schedule: TaskClock['schedule']): TaskClock {
  return {
    now,
    schedule,
    sleepUntil: async (at) => {
      if (at > now()) await new Promise<void>((resolve) => schedule(at, resolve));
    },
  };
}

type Timer = { at: Millis; order: number; task: Task; cancelled: boolean };

/** Timers by time; those of one time in the order in which they were added. A binary heap. */
function timerQueue() {
  let heap: Timer[] = [];
  let added = 0;

  const dropCancelled = (): void => {
    while (heap[0]?.cancelled) pop(heap);
  };
  return {
    add: (at: Millis, task: Task): Cancel => {
      added += 1;
      const timer: Timer = { at, order: added, task, cancelled: false };
      push(heap, timer);
      return () => {
        timer.cancelled = true;
      };
    },
    next: (): Millis | undefined => {
      dropCancelled();
      return heap[0]?.at;
    },
    take: (): Task | undefined => {
      dropCancelled();
      return pop(heap)?.task;
    },
    clear: (): void => {
      heap = [];
    },
  };
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let index = heap.length;
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || isBefore(parent, timer)) break;
    heap[index] = parent;
    index = above;
  }
  heap[index] = timer;
}

function pop(heap: Timer[]): Timer | undefined {
  const [first] = heap;
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    const left = heap[2 * index + 1];
    const right = heap[2 * index + 2];
    const below = right !== undefined && left !== undefined && isBefore(right, left) ? 2 : 1;
    const child = below === 2 ? right : left;
    if (child === undefined || isBefore(last, child)) break;
    heap[index] = child;
    index = 2 * index + below;
  }
  heap[index] = last;
  return first;
}
