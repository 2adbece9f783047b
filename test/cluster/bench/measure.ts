import { setTimeout as delay } from 'node:timers/promises';
import { nameOf } from '../../../lib/model/workload.ts';
import type { ControlPlane } from '../controlPlane.ts';
import { type Running, until } from '../processes.ts';
import { type Requests, requestsOf } from './audit.ts';
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

export type Measured = {
  controller: string;
  promoteMs: Spread;
  pauseLateMs: Spread;
  fleet: {
    wallSeconds: number;
    cpuSeconds: number;
    peakMiB: number;
    requestsPerRelease: Requests;
  };
  restRequestsPerSecond: number;
};

type Spread = { p50: number; p99: number; samples: number };

export type Sizes = { samples: number; fleet: number; restSeconds: number };

/** All rows for one controller. */
export async function measure(
  plane: ControlPlane,
  subject: Subject,
  sizes: Sizes,
): Promise<Measured> {
  return await withBench(plane, subject, async (bench) => {
    const running = await subject.start(plane);
    try {
      const promoteMs = await promotes(bench, sizes.samples);
      const pauseLateMs = await pauses(bench, sizes.samples);
      const { fleet, restRequestsPerSecond } = await releaseFleet(bench, running, sizes);
      return { controller: subject.name, promoteMs, pauseLateMs, fleet, restRequestsPerSecond };
    } finally {
      await running.stop();
    }
  });
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
  { pid }: Running,
  { fleet: count, restSeconds }: Sizes,
): Promise<Pick<Measured, 'fleet' | 'restRequestsPerSecond'>> {
  const { plane, subject } = bench;
  const pause = { pause: { duration: 1 } };
  const namespace = await deploy(bench, 'fleet', {
    count,
    steps: [{ setWeight: 34 }, pause, { setWeight: 67 }, pause],
  });
  await delay(5000);
  const before = cpuSeconds(pid);
  const from = Date.now();
  await release(bench, namespace, count);
  await allReach(bench, namespace, count, ({ status }) => status?.phase === 'Healthy');
  const to = Date.now();
  const cpu = cpuSeconds(pid) - before;
  await delay(10_000);
  const requests = requestsOf(plane.auditLog, subject.agent, from, to + 10_000);
  const restFrom = Date.now();
  await delay(restSeconds * 1000);
  const rest = requestsOf(plane.auditLog, subject.agent, restFrom, Date.now());
  await remove(bench, namespace);
  const each = (total: number): number => Math.round((total / count) * 10) / 10;
  return {
    fleet: {
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
    restRequestsPerSecond: Math.round((rest.all / restSeconds) * 10) / 10,
  };
}

function spread(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), samples: sorted.length };
}
