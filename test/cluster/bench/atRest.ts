import { setTimeout as delay } from 'node:timers/promises';
import { nameOf } from '../../../lib/model/workload.ts';
import { type ControlPlane, startControlPlane } from '../controlPlane.ts';
import { installArgoDefinitions } from '../peer.ts';
import { until } from '../processes.ts';
import { type Bench, deploy, image, type Subject, withBench } from './stage.ts';
import { cpuSeconds, peakMiB, residentMiB } from './usage.ts';

/** One start of a controller among rollouts at rest. */
type Start = {
  /** From the start of its process to the new ReplicaSet of the one rollout that has a new image. */
  newReplicaSetMs: number;
  /** Of the processor, until then. */
  newReplicaSetCpuSeconds: number;
  /** A minute after the start. */
  residentMiB: number;
  peakMiB: number;
  cpuSeconds: number;
};

export type Rested = { controller: string; starts: Start[] };

export type Resting = { count: number; starts: number };

const minuteMs = 60_000;

/**
 * Rollouts of one pod at rest, and a controller that starts among them, each time with another one to
 * release. Each controller has a control plane of its own, so that they can take turns: what else the
 * machine does then, it does to both.
 */
export async function measureAtRest(
  subjects: Subject[],
  { count, starts }: Resting,
  tell: (line: string) => void,
): Promise<Rested[]> {
  const measured = subjects.map(({ name }): Rested => ({ controller: name, starts: [] }));
  const planes: ControlPlane[] = [];
  try {
    const rests: Rest[] = [];
    for (const subject of subjects) {
      const plane = await startControlPlane({ tell });
      planes.push(plane);
      await installArgoDefinitions(plane);
      tell(`${count} rollouts for ${subject.name} …`);
      rests.push({ plane, subject, namespace: await settled(plane, subject, count) });
    }
    // As the API server lists them.
    const names = Array.from({ length: count }, (_, index) => `web-${index}`).sort();
    for (let index = 0; index < starts; index += 1) {
      const name = names[Math.floor(((index + 0.5) / starts) * count)] ?? '';
      for (const [place, rest] of rests.entries()) {
        tell(`start ${index + 1} of ${rest.subject.name} …`);
        measured[place]?.starts.push(await start(rest, name));
      }
    }
    return measured;
  } finally {
    for (const plane of planes) await plane.stop();
  }
}

type Rest = { plane: ControlPlane; subject: Subject; namespace: string };

async function settled(plane: ControlPlane, subject: Subject, count: number): Promise<string> {
  return await withBench(plane, subject, async (bench) => {
    const running = await subject.start(plane);
    return await deploy(bench, 'rest', { count, replicas: 1, steps: [] }).finally(running.stop);
  });
}

async function start({ plane, subject, namespace }: Rest, name: string): Promise<Start> {
  return await withBench(plane, subject, async ({ cluster, seen }: Bench) => {
    await cluster.patch({ kind: 'Rollout', namespace, name }, image);
    const at = Date.now();
    const running = await subject.start(plane);
    try {
      const made = () => seen.find(({ set }) => set && nameOf(set).startsWith(`${name}-`));
      await until('a new ReplicaSet', async () => made() !== undefined, { everyMs: 5 });
      const newReplicaSetCpuSeconds = cpuSeconds(running.pid);
      await delay(at + minuteMs - Date.now());
      return {
        newReplicaSetMs: (made()?.at ?? 0) - at,
        newReplicaSetCpuSeconds,
        residentMiB: residentMiB(running.pid),
        peakMiB: peakMiB(running.pid),
        cpuSeconds: cpuSeconds(running.pid),
      };
    } finally {
      await running.stop();
    }
  });
}
