import { parseSelector, selects } from '../../kubernetes/selectors.ts';
import type { Pod, PodStatus } from '../../model/argo.generated.ts';
import { type Millis, minuteMs, secondMs, toTime } from '../../model/units.ts';
import { imagesOf, nameOf, uidOf } from '../../model/workload.ts';
import type { SelectorText } from '../../world.ts';
import type { Objects } from '../apiServer/objects.ts';
import type { TaskClock } from '../clock.ts';
import type { Random } from '../random.ts';
import {
  type Containers,
  conditionsWith,
  gatesOf,
  isTrue,
  statusWithContainers,
  statusWithGatesOpen,
} from './podStatus.ts';

// Scheduler and kubelet of a cluster with one endless node. What a pod's life is like is read off
// its template: a bad or crashing image, its readiness gates, its probe's initial delay.

export type PodTimes = {
  /** From creation to a node. */
  bindMs: Millis;
  /** From the node to running and ready. */
  readyMs: Millis;
  /** Each of the times above and below is longer by up to this, by seed. */
  jitterMs: Millis;
  /** From deletion until it is gone. */
  terminationMs: Millis;
  /** From ready to the crash, for images that crash. */
  crashMs: Millis;
};
export const podTimes: PodTimes = {
  bindMs: 50,
  readyMs: 500,
  jitterMs: 0,
  terminationMs: 100,
  crashMs: 5 * secondMs,
};

export type Kubelet = {
  /** From now on, pods that start and match run without ever becoming ready. */
  failPods: (matches: PodMatch) => void;
  /** Opens the readiness gates of `count` matching pods, or of all, also of later ones. */
  admit: (matches: PodMatch | SelectorText, count?: number) => void;
};
type PodMatch = (pod: Pod) => boolean;

const pullBackOffMs = 5 * secondMs;
const restartBackOffMs = 10 * secondMs;
const restartBackOffMaxMs = 5 * minuteMs;
const scheduler = { manager: 'kube-scheduler' };
const kubelet = { manager: 'kubelet', subresource: 'status' };

type State = {
  clock: TaskClock;
  objects: Objects;
  random: Random;
  times: PodTimes;
  fails: PodMatch;
  admitted: PodMatch[];
};

export function runPods(
  clock: TaskClock,
  objects: Objects,
  random: Random,
  times: PodTimes,
): Kubelet {
  const state: State = { clock, objects, random, times, fails: () => false, admitted: [] };
  objects.watch(({ type, kind, object, before }) => {
    if (kind !== 'Pod') return;
    if (type === 'ADDED') after(state, object, times.bindMs, bind);
    const isLeaving = object.metadata?.deletionTimestamp !== undefined;
    const wasLeaving = before?.metadata?.deletionTimestamp !== undefined;
    if (type === 'MODIFIED' && isLeaving && !wasLeaving) {
      clock.schedule(clock.now() + times.terminationMs + jitter(state), () => erase(state, object));
    }
  });
  return {
    failPods: (matches) => {
      state.fails = matches;
    },
    admit: (matches, count) => {
      const match = typeof matches === 'string' ? selecting(matches) : matches;
      if (count === undefined) state.admitted.push(match);
      const held = objects.list('Pod', '').filter((pod) => match(pod) && isHeld(pod));
      for (const pod of held.slice(0, count)) {
        write(state, pod, statusWithGatesOpen(pod, clock.now()));
      }
    },
  };
}

function selecting(text: SelectorText): PodMatch {
  const selector = parseSelector(text);
  return (pod) => selects(selector, pod.metadata?.labels ?? {});
}

function isHeld(pod: Pod): boolean {
  return gatesOf(pod).some((type) => !isTrue(pod.status, type));
}

function jitter({ times, random }: State): Millis {
  return times.jitterMs === 0 ? 0 : random.below(times.jitterMs + 1);
}

type Stage = (state: State, pod: Pod) => void;

/** Goes on with the pod's life later, if it is still there and wanted. */
function after(state: State, { metadata }: Pod, delayMs: Millis, stage: Stage): void {
  state.clock.schedule(state.clock.now() + delayMs + jitter(state), () => {
    const pod = state.objects.find('Pod', metadata?.namespace ?? '', metadata?.name ?? '');
    if (pod === undefined || uidOf(pod) !== metadata?.uid) return;
    if (pod.metadata?.deletionTimestamp === undefined) stage(state, pod);
  });
}

function write(state: State, pod: Pod, status: PodStatus): Pod {
  return state.objects.replace('Pod', { ...pod, status }, kubelet);
}

function writeContainers(state: State, pod: Pod, containers: Containers): Pod {
  return write(state, pod, statusWithContainers(pod, containers, state.clock.now()));
}

function erase(state: State, pod: Pod): void {
  const { namespace = '' } = pod.metadata ?? {};
  const live = state.objects.find('Pod', namespace, nameOf(pod));
  if (live === undefined || uidOf(live) !== uidOf(pod)) return;
  state.objects.erase('Pod', { namespace, name: nameOf(pod) }, { manager: 'kubelet' });
}

function bind(state: State, pod: Pod): void {
  const now = state.clock.now();
  const conditions = conditionsWith(pod.status?.conditions ?? [], { PodScheduled: true }, now);
  const bound = { ...pod, spec: { ...pod.spec, nodeName: 'simulated-node' } };
  const status = { ...pod.status, conditions };
  after(
    state,
    state.objects.replace('Pod', { ...bound, status }, scheduler),
    readyMs(state),
    start,
  );
}

function readyMs(state: State): Millis {
  return state.times.readyMs;
}

function start(state: State, pod: Pod): void {
  if (imagesOf(pod).some((image) => /nonexistent|bad/.test(image))) {
    after(state, failPull(state, pod, 'ErrImagePull'), pullBackOffMs, (_state, later) =>
      failPull(state, later, 'ImagePullBackOff'),
    );
    return;
  }
  const delayMs = probeDelayMs(pod);
  if (delayMs === 0 && !state.fails(pod)) {
    passProbes(state, pod, 0);
    return;
  }
  const started = writeContainers(state, pod, running(state, 0, false));
  if (state.fails(pod)) return;
  after(state, started, delayMs, (_state, later) => passProbes(state, later, 0));
}

function probeDelayMs(pod: Pod): Millis {
  const delays = (pod.spec?.containers ?? []).map(
    ({ readinessProbe }) => readinessProbe?.initialDelaySeconds ?? 0,
  );
  return Math.max(0, ...delays) * secondMs;
}

function failPull(state: State, pod: Pod, reason: 'ErrImagePull' | 'ImagePullBackOff'): Pod {
  const message = `image ${imagesOf(pod).join(', ')} not found`;
  const waiting = { reason, message };
  return writeContainers(state, pod, {
    phase: 'Pending',
    state: { waiting },
    ready: false,
    restartCount: 0,
  });
}

function running(state: State, restartCount: number, ready: boolean): Containers {
  const startedAt = toTime(state.clock.now());
  return { phase: 'Running', state: { running: { startedAt } }, ready, restartCount };
}

function passProbes(state: State, pod: Pod, restartCount: number): void {
  let ready = writeContainers(state, pod, running(state, restartCount, true));
  if (isHeld(ready) && state.admitted.some((matches) => matches(ready))) {
    ready = write(state, ready, statusWithGatesOpen(ready, state.clock.now()));
  }
  if (imagesOf(pod).some((image) => image.includes('crash'))) {
    after(state, ready, state.times.crashMs, (_state, later) => crash(state, later, restartCount));
  }
}

function crash(state: State, pod: Pod, restartCount: number): void {
  const finishedAt = toTime(state.clock.now());
  const [before] = pod.status?.containerStatuses ?? [];
  const startedAt = before?.state?.running?.startedAt ?? finishedAt;
  const crashed = writeContainers(state, pod, {
    phase: 'Running',
    state: {
      waiting: { reason: 'CrashLoopBackOff', message: 'back-off restarting the container' },
    },
    ready: false,
    restartCount: restartCount + 1,
    lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt, finishedAt } },
  });
  const backOffMs = Math.min(restartBackOffMs * 2 ** restartCount, restartBackOffMaxMs);
  after(state, crashed, backOffMs, (_state, later) => passProbes(state, later, restartCount + 1));
}
