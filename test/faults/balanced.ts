import { parseArgs } from 'node:util';
import type { CanaryStrategy } from '../../lib/model/argo.generated.ts';
import { typeMetaOf } from '../../lib/model/kinds.ts';
import { minuteMs, secondMs } from '../../lib/model/units.ts';
import { type Random, randomFrom } from '../../lib/simulate/random.ts';
import { plant } from './plant.ts';
import { balancerSabotages } from './sabotageBalancers.ts';
import type { Deed } from './scenario.ts';

// Releases behind load balancers that are slow, throttled and lied about, by seed. As a program:
// `--bug N --seeds N --first N` looks for a planted bug, and prints what it was found by.

const eventsMax = 200_000;
const calm = { throttled: 0, lies: 0 };
const images = ['web:v2', 'web:v3', 'web:v4'] as const;

/** What was violated, or what did not come to its end; nothing when all is well. */
export async function runBalanced(seed: number): Promise<string[]> {
  const { openStage, manifest, key } = await import('./stage.ts');
  const { addService, perform, resetCommands } = await import('./acts.ts');
  const { templateOf } = await import('./scenario.ts');
  resetCommands();
  const random = randomFrom(seed).fork('balanced');
  const delayMs = random.pick([500, 3000, 15_000]);
  const healthMs = random.pick([500, 5000, 20_000]);
  const stage = openStage({
    ...{ seed, doorbell: random.chance(0.5), profile: 'none', rates: {}, indexLagMs: 0 },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: templateOf('web:v1'),
      strategy: { canary: canaryOf(random) },
    },
    loadBalancers: { delayMs, healthMs, drainMs: 3000, jitterMs: 1000 },
    pods: { bindMs: 20, readyMs: 500, jitterMs: 300, terminationMs: 100 },
    ...{ acts: [], stormMs: 0 },
  });
  stage.faults.calm();
  const { cluster, clock, dog } = stage;
  const pass = async (spanMs: number): Promise<void> => {
    await clock.run({ until: clock.now() + spanMs, eventsMax });
  };
  for (const name of ['active', 'preview', 'ping', 'pong']) addService(cluster, name);
  const backend = { service: { name: 'root', port: { name: 'use-annotation' } } };
  const rules = [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }];
  cluster.apply('Ingress', {
    ...typeMetaOf('Ingress'),
    metadata: { name: 'web', namespace: key.namespace },
    spec: { ingressClassName: 'alb', rules },
  });
  cluster.apply('Rollout', manifest(stage.scenario));
  await pass(2 * minuteMs);
  for (let left = 12; left > 0 && dog.violations.length === 0; left -= 1) {
    const faults = { throttled: random.pick([0, 0.3, 1]), lies: random.pick([0, 0, 0.3]) };
    cluster.failAws(random.chance(0.5) ? calm : faults);
    const done = perform(stage, deedOf(random));
    await pass(random.below(2 * minuteMs) + secondMs);
    await done;
  }
  cluster.failAws(calm);
  for (let helps = 12; helps > 0 && dog.violations.length === 0; helps -= 1) {
    const retry = dog.live()?.status?.abort === true;
    const done = perform(stage, { do: 'plugin', line: retry ? 'retry' : 'promote' });
    await pass(3 * minuteMs);
    await done;
  }
  const { phase } = dog.live()?.status ?? {};
  const ended = phase === 'Healthy' ? [] : [`it does not end healthy, but ${phase}`];
  const found = dog.violations.map(({ property, detail }) => `${property}: ${detail}`);
  return found.length > 0 ? found : ended;
}

function canaryOf(random: Random): CanaryStrategy {
  const steps = random.pick([
    [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: 20 } }],
    [{ setWeight: 50 }, { pause: { duration: 10 } }, { setWeight: 75 }],
    [{ setWeight: 100 }, { pause: {} }],
  ]);
  const services = random.chance(0.3)
    ? { pingPong: { pingService: 'ping', pongService: 'pong' } }
    : { canaryService: 'preview', stableService: 'active' };
  const delay = random.pick<CanaryStrategy>([
    {},
    { scaleDownDelaySeconds: 0 },
    { dynamicStableScale: true },
  ]);
  const alb = { ingress: 'web', rootService: 'root', servicePort: 80 };
  return { trafficRouting: { alb }, steps, ...services, ...delay };
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

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      bug: { type: 'string' },
      first: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '30' },
    },
  });
  const bug = values.bug === undefined ? undefined : balancerSabotages[Number(values.bug)];
  if (bug) plant(bug);
  const first = Number(values.first);
  for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
    const [found] = await runBalanced(seed);
    if (found === undefined) continue;
    console.log(`seed ${seed}: ${found}`);
    if (bug) break;
  }
}
