import type { CanaryStrategy } from '../../lib/model/argo.generated.ts';
import { typeMetaOf } from '../../lib/model/kinds.ts';
import { minuteMs, secondMs } from '../../lib/model/units.ts';
import { type Random, randomFrom } from '../../lib/simulate/random.ts';
import { addService, perform } from './acts.ts';
import { type Deed, type Scenario, templateOf } from './scenario.ts';
import { key, manifest, type Stage } from './stage.ts';

// Releases behind load balancers that are slow, throttled and lied about. Whatever else may go wrong is for
// the other seeds: here one thing is done after the other, with time between for load balancers to follow.

const eventsMax = 200_000;
const calm = { throttled: 0, lies: 0 };
const images = ['web:v2', 'web:v3', 'web:v4'] as const;
const services = ['active', 'preview', 'ping', 'pong'];
/** As many things are done, and so often somebody helps it to its end. */
const deedsMax = 12;

export function balancedScenario(seed: number): Scenario {
  const random = randomFrom(seed).fork('balanced scenario');
  return {
    ...{ seed, doorbell: random.chance(0.5), profile: 'none', rates: {}, indexLagMs: 0 },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: templateOf('web:v1'),
      strategy: { canary: canaryOf(random) },
    },
    loadBalancers: {
      delayMs: random.pick([500, 3000, 15_000]),
      healthMs: random.pick([500, 5000, 20_000]),
      ...{ drainMs: 3000, jitterMs: 1000 },
    },
    pods: { bindMs: 20, readyMs: 500, jitterMs: 300, terminationMs: 100 },
    ...{ acts: [], stormMs: 0 },
  };
}

function canaryOf(random: Random): CanaryStrategy {
  const steps = random.pick([
    [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: 20 } }],
    [{ setWeight: 50 }, { pause: { duration: 10 } }, { setWeight: 75 }],
    [{ setWeight: 100 }, { pause: {} }],
  ]);
  const named = random.chance(0.3)
    ? { pingPong: { pingService: 'ping', pongService: 'pong' } }
    : { canaryService: 'preview', stableService: 'active' };
  const delay = random.pick<CanaryStrategy>([
    {},
    { scaleDownDelaySeconds: 0 },
    { dynamicStableScale: true },
  ]);
  const alb = { ingress: 'web', rootService: 'root', servicePort: 80 };
  const base = 'pingPong' in named || random.chance(0.5) ? 'root' : 'active';
  const plugins = { 'serin/nlb': { service: base, protocol: 'TCP', port: 80 } };
  const trafficRouting = random.chance(0.6) ? { alb } : { plugins };
  return { trafficRouting, steps, ...named, ...delay };
}

/** Until all that is to be done is done, and the last version is healthy. */
export async function runReleases(stage: Stage): Promise<void> {
  const { cluster, clock, dog, scenario } = stage;
  const random = randomFrom(scenario.seed).fork('balanced deeds');
  const isFine = (): boolean => dog.violations.length === 0;
  const pass = async (spanMs: number): Promise<void> => {
    await clock.run({ until: clock.now() + spanMs, while: isFine, eventsMax });
  };
  const { alb, plugins } = scenario.spec.strategy?.canary?.trafficRouting ?? {};
  for (const name of services) addService(cluster, name);
  if (alb) putIngress(stage);
  else putBase(stage, plugins?.['serin/nlb'] as { service: string });
  cluster.apply('Rollout', manifest(scenario));
  await pass(2 * minuteMs);
  for (let left = deedsMax; left > 0 && isFine(); left -= 1) {
    cluster.failAws(faultsOf(stage, random));
    await during(pass, perform(stage, deedOf(random)), random.below(2 * minuteMs) + secondMs);
  }
  cluster.failAws(calm);
  for (let left = deedsMax; left > 0 && isFine(); left -= 1) {
    const line = dog.live()?.status?.abort === true ? 'retry' : 'promote';
    await during(pass, perform(stage, { do: 'plugin', line }), 3 * minuteMs);
  }
  const { status = {} } = dog.live() ?? {};
  if (status.canary?.weights?.verified) count(stage, 'weights verified');
  if (!isFine() || status.phase === 'Healthy') return;
  dog.fail('nothing is stranded', `not healthy: ${status.phase} ${status.message}`);
}

async function during(
  pass: (spanMs: number) => Promise<void>,
  deed: Promise<unknown>,
  spanMs: number,
): Promise<void> {
  await pass(spanMs);
  await deed;
}

function count({ acted }: Stage, what: string): void {
  acted.set(what, (acted.get(what) ?? 0) + 1);
}

function putIngress(stage: Stage): void {
  const { cluster } = stage;
  count(stage, 'behind an ALB');
  const backend = { service: { name: 'root', port: { name: 'use-annotation' } } };
  const rules = [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }];
  cluster.apply('Ingress', {
    ...typeMetaOf('Ingress'),
    metadata: { name: 'web', namespace: key.namespace },
    spec: { ingressClassName: 'alb', rules },
  });
}

/** The Service that an NLB is made for. */
function putBase(stage: Stage, { service: name }: { service: string }): void {
  count(stage, 'behind an NLB');
  stage.cluster.apply('Service', {
    ...typeMetaOf('Service'),
    metadata: { name, namespace: key.namespace },
    spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }] },
  });
}

function faultsOf(stage: Stage, random: Random): typeof calm {
  if (random.chance(0.5)) return calm;
  const faults = { throttled: random.pick([0, 0.3, 1]), lies: random.pick([0, 0, 0.3]) };
  if (faults.throttled > 0) count(stage, 'AWS throttles');
  if (faults.lies > 0) count(stage, 'AWS lies');
  return faults;
}

function deedOf(random: Random): Deed {
  return random.pick<Deed>([
    { do: 'image', image: random.pick(images) },
    { do: 'image', image: random.pick(images) },
    { do: 'plugin', line: 'promote' },
    { do: 'plugin', line: 'promote' },
    { do: 'plugin', line: 'promote --full' },
    { do: 'plugin', line: 'abort' },
    { do: 'plugin', line: 'retry' },
  ]);
}
