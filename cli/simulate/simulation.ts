import { isDeepStrictEqual } from 'node:util';
import { apiHandler } from '../../functions/api.ts';
import { localCaller } from '../../lib/api/localToken.ts';
import type { PodTemplateSpec } from '../../lib/model/argo.generated.ts';
import type { RolloutKey } from '../../lib/model/key.ts';
import { hashLabel } from '../../lib/model/names.ts';
import type { RolloutRecord } from '../../lib/model/record.ts';
import { referenceOf, templateOf } from '../../lib/model/reference.ts';
import { humanDuration, type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { type VirtualClock, virtualClock } from '../../lib/simulate/clock.ts';
import type { Sayings } from '../../lib/simulate/metrics/said.ts';
import { type SimulatedWorld, simulatedWorld } from '../../lib/simulate/world.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import type { Store } from '../../lib/world.ts';
import { applySecrets } from '../../server/analyses.ts';
import { applyObjects, type Objects } from '../../server/apply.ts';
import { consumer, noContext } from '../../server/consumer.ts';
import { toEvent } from '../../server/gateway.ts';
import { apiPath } from '../client.ts';
import { CliError, exitCodes, type Problem } from '../exit.ts';
import { type Marked, markedIn, markWords } from '../marks.ts';
import { isAwaited, type SimulatedAnalyses, simulatedAnalyses, tellAnalyses } from './analyses.ts';
import { type Step, type Timeline, timeline, type Waiting, waitingOf } from './timeline.ts';

/** A command at a time after the start of the release. */
export type Planned = { atMs: Millis; said: string; verb: string; body: object };

export type ReleaseOptions = {
  /** One Rollout, and the Services and templates it may need. */
  objects: Objects;
  container: string;
  image: string;
  plan: Planned[];
  /** No pod of the new version ever becomes ready. */
  failPods: boolean;
  /** How long any other pod takes to become ready. */
  readyMs: Millis;
  /** How long a load balancer takes to follow the object that it is made of. */
  lbDelayMs: Millis;
  /** What metrics measure. */
  metrics?: Sayings;
};

export type SimulatedRelease = {
  name: string;
  image: string;
  steps: Step[];
  /** How it ends, as far as it goes by itself. */
  phase: string;
  message: string;
  endsAtSeconds: number;
  waitsFor: Waiting[];
  /** Commands of the plan that were not carried out, and why. */
  refused: string[];
  /** Objects of routers that the rollout names and the files lack, as KIND NAME. */
  invented: string[];
};

/** Any time will do, as long as it is the same each time. */
const startMs = Date.parse('2026-01-01T00:00:00Z');
const seed = 1;
/** A release of a year of pauses stays below this; more goes round in circles. */
const eventsMax = 1_500_000;
/** How long a turn may follow on a change: the doorbell, the queue, a controller. */
const quietMs = 5 * secondMs;
/** Without a step or another phase for this long, pods that are awaited have failed for good. */
const stuckMs = 30 * minuteMs;

/** argo v1.10.1 utils/defaults/defaults.go */
const progressDeadlineSeconds = 600;

type Simulation = {
  clock: VirtualClock;
  simulated: SimulatedWorld;
  key: RolloutKey;
  analyses: SimulatedAnalyses;
  seen: {
    /** Of the last turn. */
    view?: RolloutView;
    /** When an object of the cluster was last written. */
    changedAt: Millis;
    /** When an analysis last had something to tell yet. */
    awaitedAt: Millis;
    line: Timeline;
    /** How long the release may make no progress. */
    deadlineMs: Millis;
  };
};

/** Deploys the manifest as it stands, then releases the image, all on a virtual clock. */
export async function simulateRelease(options: ReleaseOptions): Promise<SimulatedRelease> {
  const simulation = start(options);
  const invented = await deploy(simulation, options);
  return { ...(await release(simulation, options)), invented };
}

function start({ objects, readyMs, lbDelayMs, metrics }: ReleaseOptions): Simulation {
  const clock = virtualClock(startMs);
  const { metadata = {}, spec = {} } = objects.Rollout[0] ?? {};
  const { namespace = 'default', name = '' } = metadata;
  const seen: Simulation['seen'] = {
    ...{ changedAt: startMs, awaitedAt: startMs },
    line: timeline(startMs, ''),
    deadlineMs: (spec.progressDeadlineSeconds ?? progressDeadlineSeconds) * secondMs,
  };
  const store = memoryStore(clock);
  const watched: Store = {
    ...store,
    save: (record) => {
      const { view } = record.key.kind === undefined ? (record as RolloutRecord) : {};
      if (view !== undefined) seen.view = view;
      return store.save(record);
    },
    append: async (key, entry) => {
      const isNew = await store.append(key, entry);
      if (isNew && entry.kind !== 'command') seen.line.tell(entry.text);
      return isNew;
    },
  };
  const analyses = simulatedAnalyses(objects, metrics ?? new Map());
  const { http, aws, exitCode } = analyses.said;
  const loadBalancers = { delayMs: lbDelayMs };
  const simulated = simulatedWorld({
    ...{ clock, seed, store: watched },
    clusters: { local: { readyMs, loadBalancers, metrics: aws, exitCode } },
    http: async () => http,
    secrets: async () => async () => 'simulated',
  });
  simulated.cluster.watch(({ kind }) => {
    if (kind !== 'Event') seen.changedAt = clock.now();
  });
  tellAnalyses(simulated, analyses, (text) => seen.line.tell(text));
  simulated.connect(consumer);
  return { clock, simulated, key: { cluster: 'local', namespace, name }, analyses, seen };
}

async function deploy(
  simulation: Simulation,
  { objects, lbDelayMs }: ReleaseOptions,
): Promise<string[]> {
  const { seen, simulated, clock, analyses } = simulation;
  applySecrets(simulated.cluster, objects);
  const invented = applyObjects(simulated.cluster, analyses.objects);
  // A load balancer is there before a release, and nobody waits for the first one.
  await clock.run({ until: clock.now() + lbDelayMs + quietMs, eventsMax });
  await runToRest(simulation, () => true);
  const marked = markedIn(seen.view ?? { reasons: [] });
  if (marked?.mark === 'leftAlone') throw leftAlone(marked);
  if (seen.view?.phase === 'Healthy') return invented;
  const { phase, message, reasons: [reason] = [] } = seen.view ?? {};
  const text = reason?.text ?? (message || 'Serin took no notice of it');
  const sentence = /[.!?]$/.test(text) ? text : `${text}.`;
  const why = reason?.unblock ? `${sentence} To move it on: ${reason.unblock}.` : text;
  throw new CliError(`the manifest as it stands does not become Healthy: ${phase}: ${why}`, {
    exitCode: exitCodes.refused,
    hint: 'A release starts from something that runs; `serin lint` checks the manifest.',
  });
}

function leftAlone({ mark, text, unblock }: Marked): CliError {
  return new CliError(`${markWords[mark]}: ${text}`, {
    exitCode: exitCodes.leftAlone,
    ...(unblock !== undefined && { hint: `To move it on: ${unblock}.` }),
  });
}

async function runToRest(simulation: Simulation, isPlanDone: () => boolean): Promise<void> {
  const { clock, simulated, key, seen } = simulation;
  const isRunning = (): boolean => {
    const { view } = seen;
    if (view === undefined) return clock.now() - startMs < stuckMs;
    const sets = simulated.cluster.read.list('ReplicaSet', key.namespace);
    seen.line.note(clock.now(), view, sets);
    return !(isPlanDone() && isAtRest(simulation, clock.now(), view));
  };
  try {
    await clock.run({ while: isRunning, eventsMax });
  } catch (error) {
    if (!/^still busy/.test((error as Error).message)) throw error;
    const span = humanDuration(clock.now() - startMs);
    throw new CliError(`the release has not come to an end after ${span}`, {
      exitCode: exitCodes.refused,
      hint: 'Are its pauses meant to be that long?',
    });
  }
}

/** Nothing more happens by itself: it waits for somebody, or has not moved for a long time. */
function isAtRest(simulation: Simulation, now: Millis, view: RolloutView): boolean {
  const { simulated, analyses, key, seen } = simulation;
  const { changedAt, line, deadlineMs } = seen;
  if (isAwaited(simulated, key.namespace, analyses.said)) {
    seen.awaitedAt = now;
    return false;
  }
  if ('waitsFor' in view.wake) return now - Math.max(changedAt, view.observedAt) >= quietMs;
  const isTimed = view.phase === 'Paused' && view.reasons.some(({ until = 0 }) => until >= now);
  // Pods that crash again and again push the deadline of the release before them.
  const progressAt = Math.max(line.progressAt(), seen.awaitedAt);
  return !isTimed && now - progressAt >= deadlineMs + stuckMs;
}

async function release(
  simulation: Simulation,
  { image, container, plan, failPods }: ReleaseOptions,
): Promise<Omit<SimulatedRelease, 'invented'>> {
  const { clock, simulated, key, seen } = simulation;
  const oldHash = seen.view?.podHash ?? '';
  if (failPods) {
    simulated.cluster.failPods((pod) => pod.metadata?.labels?.[hashLabel] !== oldHash);
  }
  const startedAt = clock.now();
  seen.line = timeline(startedAt, oldHash);
  const send = commandSender(simulation);
  const before = wantedTemplate(simulation);
  const problem = await send('image', { container, image });
  if (problem !== undefined) {
    throw new CliError(problem, {
      exitCode: exitCodes.refused,
      hint: 'Name a container of the manifest: --image CONTAINER=IMAGE.',
    });
  }
  if (isDeepStrictEqual(wantedTemplate(simulation), before)) {
    throw new CliError(`there is nothing to release: ${container} runs ${image} already`, {
      exitCode: exitCodes.refused,
      hint: 'Name another image.',
    });
  }
  const refused: string[] = [];
  let open = plan.length;
  for (const { atMs, verb, body, said } of plan) {
    clock.schedule(startedAt + atMs, async () => {
      const why = await send(verb, body);
      open -= 1;
      if (why === undefined) return;
      refused.push(`${said}: ${why}`);
      seen.line.tell(`${said} was refused: ${why}`);
    });
  }
  await runToRest(simulation, () => open === 0);
  const [failure] = simulated.failures;
  if (failure !== undefined) throw failure.error;
  const { steps } = seen.line;
  const { phase = '', message = '', reasons = [] } = seen.view ?? {};
  return {
    name: key.name,
    image: `${container}=${image}`,
    steps,
    phase,
    message,
    endsAtSeconds: steps.at(-1)?.atSeconds ?? 0,
    waitsFor: waitingOf(reasons, startedAt),
    refused,
  };
}

/** What the rollout is to run, wherever that is written. */
function wantedTemplate({ simulated, key }: Simulation): PodTemplateSpec | undefined {
  const { read } = simulated.cluster;
  const rollout = read.get('Rollout', key.namespace, key.name);
  const reference = referenceOf(rollout);
  if (reference === undefined || 'fault' in reference) return rollout.spec?.template;
  return templateOf(read.get(reference.kind, key.namespace, reference.name));
}

/** Sends commands through the API's own handler; answers why one was not carried out. */
function commandSender({ simulated, key }: Simulation) {
  let sent = 0;
  const handler = apiHandler({
    world: simulated.world,
    authenticate: async () => localCaller('you'),
    newId: () => `command-${++sent}`,
  });
  return async (verb: string, body: object): Promise<string | undefined> => {
    const request = {
      method: 'POST',
      url: `${apiPath(key)}/${verb}`,
      headers: { 'content-type': 'application/json' },
      httpVersion: '1.1',
    };
    const event = toEvent(request, Buffer.from(JSON.stringify(body)));
    const answer = await handler(event, noContext);
    if ((answer.statusCode ?? 0) < 400) return undefined;
    const { title, detail } = JSON.parse(answer.body ?? '{}') as Problem;
    return detail ?? title;
  };
}
