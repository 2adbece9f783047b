import { setTimeout as delay } from 'node:timers/promises';
import { nameOf } from '../../../lib/model/workload.ts';
import type { ControlPlane } from '../controlPlane.ts';
import { type Running, until } from '../processes.ts';
import { analysed, latenesses, startMetricServer } from './analysed.ts';
import { type Requests, requestsOf } from './audit.ts';
import { type Routing, routed, weightOf } from './routers.ts';
import {
  allReach,
  type Bench,
  deploy,
  image,
  release,
  remove,
  type Seen,
  type Subject,
  withBench,
} from './stage.ts';
import { cpuSeconds, peakMiB } from './usage.ts';

export type Measured = Partial<Plain> & {
  controller: string;
  /** Releases whose requests a router sends. */
  routed: Record<Routing, Fleet & { promoteToWeightMs: Spread }>;
  /** Releases that a metric judges every second. */
  analysed: Fleet & { measurementLateMs: Spread };
};

/** Of canaries without a router. */
export type Plain = {
  promoteMs: Spread;
  pauseLateMs: Spread;
  fleet: Fleet;
  restRequestsPerSecond: number;
};

export type Fleet = {
  releases: number;
  wallSeconds: number;
  cpuSeconds: number;
  peakMiB: number;
  requestsPerRelease: Requests;
};

type Spread = { p50: number; p99: number; samples: number };

export type Sizes = { samples: number; fleet: number; routed: number; restSeconds: number };

/** All rows for one controller. */
export async function measure(
  plane: ControlPlane,
  subject: Subject,
  sizes: Sizes,
): Promise<Measured> {
  return await withBench(plane, subject, async (bench) => {
    const running = await subject.start(plane);
    try {
      const plain = sizes.fleet > 0 && (await measurePlain(bench, running, sizes));
      const routed = {
        nginx: await releaseRouted(bench, running, 'nginx', sizes),
        alb: await releaseRouted(bench, running, 'alb', sizes),
      };
      const judged = await releaseAnalysed(bench, running, sizes);
      return { controller: subject.name, ...plain, routed, analysed: judged };
    } finally {
      await running.stop();
    }
  });
}

async function measurePlain(bench: Bench, running: Running, sizes: Sizes): Promise<Plain> {
  const promoteMs = await promotes(bench, sizes.samples);
  const pauseLateMs = await pauses(bench, sizes.samples);
  return { promoteMs, pauseLateMs, ...(await releaseFleet(bench, running, sizes)) };
}

/** From the plugin's patch to the first ReplicaSet that is resized, one rollout after the other. */
async function promotes(bench: Bench, samples: number): Promise<Spread> {
  const steps = [{ setWeight: 34 }, { pause: {} }, { setWeight: 67 }, { pause: {} }];
  const namespace = await deploy(bench, 'promote', { count: samples, steps });
  await release(bench, namespace, samples);
  await allReach(bench, namespace, samples, ({ status }) => status?.phase === 'Paused');
  await delay(3000);
  const took: number[] = [];
  for (let index = 0; index < samples; index += 1) {
    const name = `web-${index}`;
    bench.seen.length = 0;
    const at = Date.now();
    const patch = { status: { pauseConditions: null } };
    await bench.cluster.patch({ kind: 'Rollout', namespace, name }, patch, {
      subresource: 'status',
    });
    const first = (): Seen | undefined =>
      bench.seen.find(
        ({ set }) => set?.metadata?.namespace === namespace && nameOf(set).startsWith(`${name}-`),
      );
    await until('a resize', async () => first() !== undefined, { everyMs: 5 });
    took.push((first()?.at ?? 0) - at);
    await delay(150);
  }
  await remove(bench, namespace);
  return spread(took);
}

async function releaseRouted(
  bench: Bench,
  running: Running,
  routing: Routing,
  { samples, routed: count }: Sizes,
): Promise<Fleet & { promoteToWeightMs: Spread }> {
  const promoteToWeightMs = await weights(bench, routing, samples);
  const pause = { pause: { duration: 1 } };
  const steps = [{ setWeight: 34 }, pause, { setWeight: 67 }, pause];
  const namespace = await deploy(bench, routing, { count, steps, extra: routed(routing) });
  const { fleet } = await released(bench, running, { namespace, count });
  await remove(bench, namespace);
  return { promoteToWeightMs, ...fleet };
}

async function releaseAnalysed(
  bench: Bench,
  running: Running,
  { routed: count }: Sizes,
): Promise<Fleet & { measurementLateMs: Spread }> {
  const server = await startMetricServer();
  const pause = { pause: { duration: 5 } };
  const steps = [{ setWeight: 34 }, pause, { setWeight: 67 }, pause];
  const extra = analysed(server.url);
  const namespace = await deploy(bench, 'analysed', { count, steps, extra });
  const { fleet } = await released(bench, running, { namespace, count });
  server.close();
  await remove(bench, namespace);
  return { measurementLateMs: spread(latenesses(server)), ...fleet };
}

/** From the plugin's patch to an Ingress with the next weight, one rollout after the other. */
async function weights(bench: Bench, routing: Routing, samples: number): Promise<Spread> {
  // With pods enough for either weight: what is measured is the way of the weight.
  const scale = { setCanaryScale: { replicas: 3 } };
  const steps = [scale, { setWeight: 34 }, { pause: {} }, { setWeight: 67 }, { pause: {} }];
  const namespace = await deploy(bench, `weight-${routing}`, {
    count: samples,
    steps,
    extra: routed(routing),
  });
  await release(bench, namespace, samples);
  await allReach(bench, namespace, samples, ({ status }) => status?.phase === 'Paused');
  await delay(3000);
  const took: number[] = [];
  for (let index = 0; index < samples; index += 1) {
    const name = `web-${index}`;
    bench.seen.length = 0;
    const at = Date.now();
    const patch = { status: { pauseConditions: null } };
    const ref = { kind: 'Rollout', namespace, name } as const;
    await bench.cluster.patch(ref, patch, { subresource: 'status' });
    const found = (): Seen | undefined =>
      bench.seen.find(
        ({ ingress }) =>
          ingress?.metadata?.namespace === namespace &&
          [name, `${name}-${name}-canary`].includes(nameOf(ingress)) &&
          weightOf(ingress, name) === 67,
      );
    await until('a weight', async () => found() !== undefined, { everyMs: 5 });
    took.push((found()?.at ?? 0) - at);
    await delay(150);
  }
  await remove(bench, namespace);
  return spread(took);
}

/** How long after its time a pause of 5 s is seen to be over. */
async function pauses(bench: Bench, samples: number): Promise<Spread> {
  const namespace = await deploy(bench, 'pause', {
    count: samples,
    steps: [{ pause: { duration: 5 } }],
  });
  bench.seen.length = 0;
  for (let index = 0; index < samples; index += 1) {
    const target = { namespace, name: `web-${index}` };
    await bench.cluster.patch({ kind: 'Rollout', ...target }, image);
    // So that their pauses do not all end in the same moment.
    await delay(137);
  }
  await allReach(bench, namespace, samples, ({ status }) => status?.phase === 'Healthy');
  const late = Array.from({ length: samples }, (_, index) => {
    const own = bench.seen.filter(({ rollout }) => rollout && nameOf(rollout) === `web-${index}`);
    const start = own.flatMap(({ rollout }) => rollout?.status?.pauseConditions ?? [])[0]
      ?.startTime;
    const pausedAt = own.findIndex(({ rollout }) => rollout?.status?.pauseConditions?.length);
    const over = own
      .slice(pausedAt)
      .find(({ rollout }) => !rollout?.status?.pauseConditions?.length);
    return (over?.at ?? 0) - (Date.parse(start ?? '') + 5000);
  });
  await remove(bench, namespace);
  return spread(late);
}

/** Many rollouts given a new image at once, and then left alone. */
async function releaseFleet(
  bench: Bench,
  running: Running,
  { fleet: count, restSeconds }: Sizes,
): Promise<Pick<Plain, 'fleet' | 'restRequestsPerSecond'>> {
  const { plane, subject } = bench;
  const pause = { pause: { duration: 1 } };
  const namespace = await deploy(bench, 'fleet', {
    count,
    steps: [{ setWeight: 34 }, pause, { setWeight: 67 }, pause],
  });
  const { fleet } = await released(bench, running, { namespace, count });
  const restFrom = Date.now();
  await delay(restSeconds * 1000);
  const rest = requestsOf(plane.auditLog, subject.agent, restFrom, Date.now());
  await remove(bench, namespace);
  return { fleet, restRequestsPerSecond: Math.round((rest.all / restSeconds) * 10) / 10 };
}

/** All rollouts of a namespace given a new image at once. */
async function released(
  bench: Bench,
  { pid }: Running,
  { namespace, count }: { namespace: string; count: number },
): Promise<{ fleet: Fleet }> {
  const { plane, subject } = bench;
  await delay(5000);
  const before = cpuSeconds(pid);
  const from = Date.now();
  await release(bench, namespace, count);
  await allReach(bench, namespace, count, ({ status }) => status?.phase === 'Healthy');
  const to = Date.now();
  const cpu = cpuSeconds(pid) - before;
  await delay(10_000);
  const requests = requestsOf(plane.auditLog, subject.agent, from, to + 10_000);
  const each = (total: number): number => Math.round((total / count) * 10) / 10;
  return {
    fleet: {
      releases: count,
      wallSeconds: Math.round((to - from) / 100) / 10,
      cpuSeconds: Math.round(cpu * 10) / 10,
      peakMiB: peakMiB(pid),
      requestsPerRelease: {
        all: each(requests.all),
        writes: each(requests.writes),
        statusWrites: each(requests.statusWrites),
        reads: each(requests.reads),
      },
    },
  };
}

function spread(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), samples: sorted.length };
}
