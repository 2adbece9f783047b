import { type Key, keyText } from '../model/key.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { Log, QueueMessage, Wakes } from '../world.ts';

export type LocalQueue = {
  wakes: Wakes;
  /** Runs a task for a rollout before its next wake, and never beside one. */
  ahead: <T>(key: Key, task: () => Promise<T>) => Promise<T>;
  /** Drops what waits, and resolves when what runs has ended. */
  stop: () => Promise<void>;
};

export type LocalQueueOptions = {
  deliver: (message: QueueMessage) => Promise<void>;
  log: Log;
  /** How many rollouts are worked on side by side. */
  concurrency?: number;
};

/** The work on one rollout: one task at a time, and one wake at most that waits. */
type Lane = {
  ahead: (() => Promise<void>)[];
  wake?: QueueMessage;
  isBusy: boolean;
  failures: number;
};

const concurrencyDefault = 16;
const retryMinMs: Millis = 200;
const retryMaxMs: Millis = 30 * secondMs;

/**
 * The queue of a single process. Timers are exact, wakes of one rollout are folded and taken one after
 * the other, and one whose delivery failed comes again, later each time.
 */
export function localQueue(options: LocalQueueOptions): LocalQueue {
  const { deliver, log, concurrency = concurrencyDefault } = options;
  const lanes = new Map<string, Lane>();
  const waiting = new Set<string>();
  let running = 0;
  let isReading = false;
  let isStopped = false;
  let ended = (): void => {};

  const laneOf = (name: string): Lane => {
    const lane = lanes.get(name) ?? { ahead: [], isBusy: false, failures: 0 };
    lanes.set(name, lane);
    return lane;
  };
  const queue = (name: string): void => {
    waiting.add(name);
    next();
  };
  /**
   * One at a time, and in between whatever has arrived is read: turns that find nothing to do wait for
   * nothing, and a long line of them would hold up the answers to the one that has.
   */
  const next = (): void => {
    if (isReading || isStopped || running >= concurrency) return;
    const name = firstOf(waiting, (each) => !lanes.get(each)?.isBusy);
    if (name === undefined) return;
    isReading = true;
    setImmediate(() => {
      isReading = false;
      next();
    });
    waiting.delete(name);
    void work(name, laneOf(name));
  };
  const work = async (name: string, lane: Lane): Promise<void> => {
    lane.isBusy = true;
    running += 1;
    const task = lane.ahead.shift() ?? wakeOf(name, lane);
    await task();
    lane.isBusy = false;
    running -= 1;
    if (lane.ahead.length > 0 || lane.wake) queue(name);
    else if (lane.failures === 0) lanes.delete(name);
    next();
    if (running === 0) ended();
  };
  const wakeOf = (name: string, lane: Lane) => async (): Promise<void> => {
    const { wake } = lane;
    delete lane.wake;
    if (wake === undefined) return;
    try {
      await deliver(wake);
      lane.failures = 0;
    } catch (error) {
      lane.failures += 1;
      log('debug', 'a wake is to come again', { wake: name, error: String(error) });
      timers.set(`${name} again`, Date.now() + retryMs(lane.failures), wake);
    }
  };
  const arrive = (message: QueueMessage): void => {
    const name = nameOf(message);
    laneOf(name).wake = message;
    queue(name);
  };
  const timers = timersFor(arrive);
  return {
    wakes: {
      send: async (message, delayMs) => {
        const at = ('at' in message && message.at) || Date.now() + delayMs;
        if (at <= Date.now()) arrive(message);
        // Twice for the same moment is once.
        else timers.set(`${nameOf(message)} ${at}`, at, message);
      },
    },
    ahead: async (key, task) =>
      await new Promise((resolve, reject) => {
        const name = keyText(key);
        laneOf(name).ahead.push(() => task().then(resolve, reject));
        queue(name);
      }),
    stop: async () => {
      isStopped = true;
      timers.stop();
      waiting.clear();
      if (running > 0) await new Promise<void>((resolve) => (ended = resolve));
    },
  };
}

/** Exact timers by name; one that is set already stays as it is. */
function timersFor(arrive: (message: QueueMessage) => void) {
  const timers = new Map<string, NodeJS.Timeout>();
  let isStopped = false;
  return {
    set: (id: string, at: Millis, message: QueueMessage): void => {
      if (isStopped || timers.has(id)) return;
      const fire = (): void => {
        // A timer may fire a moment early. Folded with a wake that names no time, its turn would then find
        // nothing due, and take the timer for one that is still to come.
        if (Date.now() < at) {
          arm();
          return;
        }
        timers.delete(id);
        arrive(message);
      };
      const arm = (): void => {
        timers.set(id, setTimeout(fire, Math.max(1, at - Date.now())));
      };
      arm();
    },
    stop: (): void => {
      isStopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

/** Longer each time, and never for everybody at the same moment. */
function retryMs(failures: number): Millis {
  return Math.min(retryMaxMs, retryMinMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

function firstOf<T>(items: Iterable<T>, isWanted: (item: T) => boolean): T | undefined {
  for (const item of items) if (isWanted(item)) return item;
  return undefined;
}

function nameOf(message: QueueMessage): string {
  return 'list' in message ? message.list : keyText(message.key);
}
