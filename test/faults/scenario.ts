import type {
  BlueGreenStrategy,
  CanaryStep,
  CanaryStrategy,
  RolloutSpec,
} from '../../lib/model/argo.generated.ts';
import type { Command } from '../../lib/model/intent.ts';
import { type Millis, minuteMs, secondMs } from '../../lib/model/units.ts';
import { faultRates, type Rates } from '../../lib/simulate/faults/faults.ts';
import { type Random, randomFrom } from '../../lib/simulate/random.ts';
import type { LoadBalancerTimes } from '../../lib/simulate/traffic/controller.ts';
import { withAnalyses } from './analyses.ts';
import { withExperiments } from './experiments.ts';
import { isRouted, type RouterDeed, troubleRouters, withRouters } from './routing.ts';
import { add, breakIn, lastOf, promoteIn, tellStory } from './stories.ts';

// What happens in a run, drawn from its seed before anything starts: the rollout, what people do to
// it and when, and how often what goes wrong.

export type Deed =
  | { do: 'image'; image: string; replicas?: number }
  | { do: 'scale'; replicas: number }
  | { do: 'plugin'; line: string }
  | { do: 'api'; command: Command; dies: boolean; fresh: boolean }
  | { do: 'takenBack'; verb: 'pause' | 'abort' | 'retry' }
  | { do: 'previewAfter'; replicas: number }
  | { do: 'steps'; steps: CanaryStep[] }
  | { do: 'limits'; maxSurge: number | string; maxUnavailable: number | string }
  | { do: 'blueGreen'; fields: Partial<BlueGreenStrategy> }
  | RouterDeed
  | { do: 'workload'; how: 'scale' | 'delete' | 'restore'; replicas: number }
  | { do: 'minReady'; seconds: number }
  | { do: 'planRestart'; inMs: Millis }
  | { do: 'break'; how?: 'service' | 'history' }
  | { do: 'mend' }
  | { do: 'wipe' }
  | { do: 'deleteSet'; role: 'stable' | 'canary' | 'older' }
  | { do: 'deletePod' }
  | { do: 'recreate' }
  | { do: 'rival'; writes: number }
  | { do: 'undoer'; writes: number }
  | { do: 'together'; count: number }
  | { do: 'away'; spanMs: Millis };
export type Act = { at: Millis } & Deed;

export type Scenario = {
  seed: number;
  doorbell: boolean;
  /** With its template in `workload`, where there is one. */
  spec: RolloutSpec;
  /** The Deployment that the rollout refers to, and what becomes of its pods. */
  workload?: { scaleDown: 'never' | 'onsuccess' | 'progressively'; replicas: number };
  /** Of a load balancer controller, where there is one. */
  loadBalancers?: Partial<LoadBalancerTimes>;
  pods: { bindMs: Millis; readyMs: Millis; jitterMs: Millis; terminationMs: Millis };
  profile: Profile;
  rates: Partial<Rates>;
  indexLagMs: Millis;
  acts: Act[];
  /** How long things go wrong. */
  stormMs: Millis;
};

const some = 6;
/** Kinds of weather: which faults are frequent. */
const profiles = {
  none: {},
  mild: faultRates,
  cluster: { conflict: 0.08, throttled: 0.06, serverError: 0.06, answerLost: 0.08 },
  kills: { killedBefore: 0.06, killedAfter: 0.06, answerLost: 0.03 },
  store: { storeThrottled: 0.06, storeAnswerLost: 0.08, storeDown: 0.01, killedAfter: 0.01 },
  wakes: { wakeRefused: 0.08, wakeLost: 0.3, wakeDoubled: 0.2, wakeLate: 0.3 },
  rival: { ...faultRates, rivalWrote: 0.02 },
} satisfies Record<string, Partial<Rates>>;
type Profile = keyof typeof profiles;
const profileNames = Object.keys(profiles) as [Profile, ...Profile[]];

export function scenarioOf(seed: number): Scenario {
  const random = randomFrom(seed).fork('scenario');
  const profile = random.pick(profileNames);
  const drawn = specOf(random, random.chance(0.3));
  const own = withOwnMetadata(drawn, randomFrom(seed).fork('metadata'));
  const routed = withRouters(own, randomFrom(seed).fork('routers'));
  const analysed = withAnalyses(routed, randomFrom(seed).fork('analyses'));
  const spec = withExperiments(analysed, randomFrom(seed).fork('experiments'));
  const acts = actsOf(random, isBlueGreen({ spec }));
  const workload = workloadOf(randomFrom(seed).fork('workload'), acts);
  contradict(randomFrom(seed).fork('takenBack'), acts);
  if (isBlueGreen({ spec })) previewLate(randomFrom(seed).fork('previewAfter'), acts);
  planRestarts(randomFrom(seed).fork('restarts'), acts);
  const story = workload && tellStory(randomFrom(seed).fork('coincidence'), acts);
  breakIn(randomFrom(seed).fork('faulty'), acts);
  promoteIn(randomFrom(seed).fork('promote'), acts, isBlueGreen({ spec }));
  if (isRouted(spec)) troubleRouters(randomFrom(seed).fork('router trouble'), acts);
  const lastAt = lastOf(acts);
  awayIn(randomFrom(seed).fork('away'), acts);
  return {
    seed,
    doorbell: random.chance(0.75),
    spec: story === 'wayBack' ? withServices(spec) : spec,
    ...(workload && { workload }),
    pods: {
      bindMs: 20 + random.below(80),
      readyMs: random.pick([200, 500, 2000, 8000]),
      jitterMs: random.pick([0, 300, 3000]),
      terminationMs: random.pick([50, 400, 5000]),
    },
    profile,
    rates: profiles[profile],
    indexLagMs: random.pick([0, 0, 300, 3000]),
    acts,
    stormMs: lastAt + 10 * secondMs + random.below(2 * minuteMs),
  };
}

/** The template has something of its own under the names that roles have. */
function withOwnMetadata(spec: RolloutSpec, random: Random): RolloutSpec {
  const { canary, blueGreen } = spec.strategy ?? {};
  const hasRoles = canary?.stableMetadata !== undefined || blueGreen?.activeMetadata !== undefined;
  if (!hasRoles || random.chance(0.4)) return spec;
  const labels = { app: 'web', role: 'live' };
  const metadata = { labels, annotations: { note: 'own' } };
  return { ...spec, template: { ...spec.template, metadata } };
}

/** A canary whose Services are led to its versions. */
function withServices({ strategy = {}, ...spec }: RolloutSpec): RolloutSpec {
  const { canary } = strategy;
  if (!canary || canary.trafficRouting) return { ...spec, strategy };
  const services = { stableService: 'active', canaryService: 'preview' };
  return { ...spec, strategy: { canary: { ...canary, ...services } } };
}

/** Where there is one, things are done to it as well. */
function workloadOf(random: Random, acts: Act[]): Scenario['workload'] {
  if (!random.chance(0.3)) return undefined;
  const scaleDown = random.pick(['never', 'onsuccess', 'progressively', 'progressively'] as const);
  const lastAt = lastOf(acts);
  for (let left = random.below(4); left > 0; left -= 1) {
    const how = random.pick(['scale', 'scale', 'delete', 'restore', 'restore'] as const);
    add(acts, { do: 'workload', at: random.below(lastAt + 1), how, replicas: random.below(9) });
  }
  return { scaleDown, replicas: random.below(9) };
}

/** Sometimes a command is taken back as soon as it is carried out. */
function contradict(random: Random, acts: Act[]): void {
  if (!random.chance(0.2)) return;
  const verb = random.pick(['pause', 'abort', 'retry'] as const);
  add(acts, { do: 'takenBack', at: random.below(lastOf(acts) + 1), verb });
}

/** Sometimes a preview is asked for right after the traffic was switched. */
function previewLate(random: Random, acts: Act[]): void {
  if (!random.chance(0.8)) return;
  add(acts, { do: 'previewAfter', at: random.below(lastOf(acts) / 4), replicas: 1 });
}

/** Restarts for later, some of them together with another image. */
function planRestarts(random: Random, acts: Act[]): void {
  if (!random.chance(0.2)) return;
  const lastAt = lastOf(acts);
  for (let left = 1 + random.below(3); left > 0; left -= 1) {
    const at = random.below(lastAt + 1);
    add(acts, { do: 'planRestart', at, inMs: random.below(90 * secondMs) });
    if (random.chance(0.4)) add(acts, { do: 'image', at, image: random.pick([...images]) });
  }
}

/** Now and then the API server gives no answer for a while. */
function awayIn(random: Random, acts: Act[]): void {
  if (!random.chance(0.2)) return;
  const at = random.below(lastOf(acts) + 1);
  add(acts, { do: 'away', at, spanMs: random.below(3 * minuteMs) });
}

export function isBlueGreen({ spec }: { spec?: RolloutSpec }): boolean {
  return spec?.strategy?.blueGreen !== undefined;
}

function specOf(random: Random, inBlueGreen: boolean): RolloutSpec {
  const replicas = random.below(9);
  const minReadySeconds = random.pick([0, 0, 0, 2, 7]);
  const withDeadline = random.chance(0.5);
  const abort = random.chance(0.5);
  const strategy = inBlueGreen ? { blueGreen: blueGreenOf(random) } : { canary: canaryOf(random) };
  const least = strategy.blueGreen?.scaleDownDelayRevisionLimit ?? 0;
  return {
    ...(random.chance(0.95) && { replicas }),
    selector: { matchLabels: { app: 'web' } },
    template: templateOf('web:v1'),
    ...(minReadySeconds > 0 && { minReadySeconds }),
    ...(withDeadline && { progressDeadlineSeconds: 20 + random.below(70) }),
    ...(withDeadline && abort && { progressDeadlineAbort: true }),
    ...(random.chance(0.4) && { rollbackWindow: { revisions: 1 + random.below(4) } }),
    ...(random.chance(0.4) && { revisionHistoryLimit: least + random.below(4) }),
    strategy,
  };
}

function canaryOf(random: Random): CanaryStrategy {
  return {
    ...limitsOf(random),
    ...(random.chance(0.85) && { steps: stepsOf(random) }),
    ...(random.chance(0.25) && {
      canaryMetadata: { labels: { role: 'canary' }, annotations: { note: 'new' } },
      stableMetadata: { labels: { role: 'stable' } },
    }),
    ...(random.chance(0.2) && { replicaProgressThreshold: thresholdOf(random) }),
    ...(random.chance(0.2) && { antiAffinity: antiAffinityOf(random) }),
  };
}

function blueGreenOf(random: Random): BlueGreenStrategy {
  return {
    activeService: 'active',
    ...(random.chance(0.8) && { previewService: 'preview' }),
    ...(random.chance(0.25) && {
      activeMetadata: { labels: { role: 'active' } },
      previewMetadata: { labels: { role: 'preview' }, annotations: { note: 'new' } },
    }),
    ...(random.chance(0.2) && { antiAffinity: antiAffinityOf(random) }),
    ...fieldsOf(random),
  };
}

function fieldsOf(random: Random): Partial<BlueGreenStrategy> {
  return {
    ...(random.chance(0.7) && { autoPromotionEnabled: random.chance(0.3) }),
    ...(random.chance(0.3) && { autoPromotionSeconds: random.pick([1, 5, 20, 60]) }),
    ...(random.chance(0.3) && { previewReplicaCount: 1 + random.below(3) }),
    ...(random.chance(0.6) && { scaleDownDelaySeconds: random.pick([0, 1, 10, 40]) }),
    // More than revisionHistoryLimit is refused.
    ...(random.chance(0.3) && { scaleDownDelayRevisionLimit: random.below(3) }),
    ...(random.chance(0.4) && { abortScaleDownDelaySeconds: random.pick([0, 5, 20]) }),
    ...(random.chance(0.4) && { maxUnavailable: random.pick([0, 1, '50%']) }),
  };
}

export function templateOf(image: string): NonNullable<RolloutSpec['template']> {
  return {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image }] },
  };
}

function thresholdOf(random: Random): { type: string; value: number } {
  return random.chance(0.5)
    ? { type: 'Percent', value: random.pick([50, 80, 100]) }
    : { type: 'Pod', value: random.below(4) };
}

function antiAffinityOf(random: Random) {
  return random.chance(0.5)
    ? { preferredDuringSchedulingIgnoredDuringExecution: { weight: 50 } }
    : { requiredDuringSchedulingIgnoredDuringExecution: {} };
}

function limitsOf(random: Random): {
  maxSurge?: number | string;
  maxUnavailable?: number | string;
} {
  if (random.chance(0.15)) return {};
  const maxSurge = random.pick([0, 1, 1, 2, 3, '0%', '25%', '40%', '100%']);
  const maxUnavailable = random.pick([0, 0, 1, 2, '0%', '25%', '50%']);
  const both = [maxSurge, maxUnavailable].every(
    (value) => Number.parseInt(String(value), 10) === 0,
  );
  return both ? { maxSurge: 1, maxUnavailable } : { maxSurge, maxUnavailable };
}

function stepsOf(random: Random): CanaryStep[] {
  return Array.from({ length: random.below(some + 1) }, () => stepOf(random));
}

function stepOf(random: Random): CanaryStep {
  if (random.chance(0.5)) {
    return { setWeight: random.pick([0, 1, 5, 10, 20, 25, 33, 50, 60, 75, 90, 100]) };
  }
  if (random.chance(0.4)) return { pause: {} };
  return {
    pause: {
      duration: random.pick([2, '5s', 10, '20s', '45s', '1m30s', '10m', '18m']),
    },
  };
}

type Weighted = [weight: number, make: (random: Random) => Deed];

const images = ['web:v1', 'web:v1', 'web:v2', 'web:v2', 'web:v3', 'web:v4'] as const;
const deeds: Weighted[] = [
  [22, (random) => ({ do: 'image', image: random.pick([...images]) })],
  [3, () => ({ do: 'image', image: 'web:bad' })],
  [2, () => ({ do: 'image', image: 'web:crash' })],
  [3, (random) => ({ do: 'image', image: random.pick([...images]), replicas: random.below(9) })],
  [6, (random) => ({ do: 'scale', replicas: random.chance(0.2) ? 0 : random.below(9) })],
  [20, (random) => ({ do: 'plugin', line: random.pick([...pluginLines]) })],
  [26, apiDeed],
  [1, (random) => ({ do: 'minReady', seconds: random.below(5) })],
  [3, () => ({ do: 'break' })],
  [3, () => ({ do: 'mend' })],
  [3, () => ({ do: 'wipe' })],
  [
    5,
    (random) => ({ do: 'deleteSet', role: random.pick(['stable', 'stable', 'canary', 'older']) }),
  ],
  [2, () => ({ do: 'deletePod' })],
  [1, () => ({ do: 'recreate' })],
  [4, (random) => ({ do: 'rival', writes: 1 + random.below(6) })],
  [1, (random) => ({ do: 'undoer', writes: 4 + random.below(5) })],
  [4, (random) => ({ do: 'together', count: 2 + random.below(2) })],
];

const canaryDeeds: Weighted[] = [
  [3, (random) => ({ do: 'steps', steps: stepsOf(random) })],
  [2, limitsDeed],
];
const blueGreenDeeds: Weighted[] = [
  [4, (random) => ({ do: 'blueGreen', fields: fieldsOf(random) })],
  [8, serviceDeed],
];

const pluginLines = [
  'promote',
  'promote',
  'promote',
  'promote --full',
  'promote --skip-current-step',
  'promote --skip-all-steps',
  'abort',
  'abort',
  'retry',
  'retry',
  'pause',
  'restart',
  'undo',
] as const;

function limitsDeed(random: Random): Deed {
  const { maxSurge = 1, maxUnavailable = 0 } = limitsOf(random);
  return { do: 'limits', maxSurge, maxUnavailable };
}

function serviceDeed(random: Random): Deed {
  const name = random.pick(['active', 'active', 'preview'] as const);
  return { do: 'service', name, how: random.pick(['delete', 'restore', 'restore', 'unselect']) };
}

function apiDeed(random: Random): Deed {
  const image = random.pick([...images]);
  const command = random.pick<Command>([
    { verb: 'promote' },
    { verb: 'promote' },
    { verb: 'promote' },
    { verb: 'promote', full: true },
    { verb: 'promote', skipCurrentStep: true },
    { verb: 'promote', skipAllSteps: true },
    { verb: 'abort' },
    { verb: 'abort' },
    { verb: 'retry' },
    { verb: 'retry' },
    { verb: 'pause' },
    { verb: 'resume' },
    { verb: 'resume' },
    { verb: 'restart' },
    { verb: 'undo' },
    { verb: 'image', container: 'web', image },
  ]);
  return { do: 'api', command, dies: random.chance(0.3), fresh: random.chance(0.5) };
}

function actsOf(random: Random, inBlueGreen: boolean): Act[] {
  const table = [...deeds, ...(inBlueGreen ? blueGreenDeeds : canaryDeeds)];
  const count = 3 + random.below(12);
  const acts: Act[] = [];
  let at = random.below(12 * secondMs);
  for (let index = 0; index < count; index += 1) {
    acts.push({ at, ...drawn(random, table) });
    // Half of them come on the heels of each other, where races are.
    at += random.chance(0.4) ? random.below(1500) : random.below(50 * secondMs);
  }
  return acts;
}

function drawn(random: Random, table: Weighted[]): Deed {
  let left = random.below(table.reduce((total, [weight]) => total + weight, 0));
  for (const [weight, make] of table) {
    left -= weight;
    if (left < 0) return make(random);
  }
  return { do: 'mend' };
}
