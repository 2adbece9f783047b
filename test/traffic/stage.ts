import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type ControlPlane, startControlPlane } from '../cluster/controlPlane.ts';
import { freePort } from '../cluster/processes.ts';
import { type Serin, serinCommand, startSerin } from '../cluster/serin.ts';
import { type Backends, startBackends } from './backends.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { type Metrics, startPrometheus } from './metrics.ts';

export type Stage = {
  plane: ControlPlane;
  gateway: Gateway;
  backends: Backends;
  /** Where it was asked for. */
  metrics: () => Metrics;
  /** The one that runs. */
  serin: () => Serin;
  /** Ends `serin run` at once, as when its machine is gone. */
  killSerin: () => Promise<void>;
  /** Again, with the same table. */
  startSerin: () => Promise<void>;
  stop: () => Promise<void>;
};

export type StageOptions = { metrics?: boolean; tell?: (line: string) => void };

/** A control plane, a gateway, the backends of its pods, `serin run`, and Prometheus if asked for. */
export async function startStage({ metrics, tell }: StageOptions = {}): Promise<Stage> {
  const state = mkdtempSync(join(tmpdir(), 'serin-traffic-'));
  const stops = [async () => rmSync(state, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const plane = await startControlPlane(tell ? { tell } : {});
    stops.push(plane.stop);
    await installDefinitions(plane);
    const gateway = await startGateway(plane);
    stops.push(gateway.stop);
    const backends = await startBackends(plane);
    stops.push(backends.stop);
    const metricsPort = await freePort();
    const prometheus = metrics ? await startPrometheus(plane, gateway, metricsPort) : undefined;
    stops.push(async () => await prometheus?.stop());
    let serin: Serin | undefined = await startSerin(plane, { state, metricsPort });
    stops.push(async () => await serin?.stop());
    return {
      ...{ plane, gateway, backends, stop },
      metrics: () => there(prometheus, 'no Prometheus was asked for'),
      serin: () => there(serin, 'serin run was killed'),
      killSerin: async () => {
        if (!serin) return;
        process.kill(serin.pid, 'SIGKILL');
        await serin.exited;
        serin = undefined;
      },
      startSerin: async () => {
        serin ??= await startSerin(plane, { state, metricsPort });
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function there<T>(value: T | undefined, otherwise: string): T {
  if (value === undefined) throw new Error(otherwise);
  return value;
}

async function installDefinitions(plane: ControlPlane): Promise<void> {
  const { out, err, code } = await serinCommand('crds');
  if (code !== 0) throw new Error(err);
  await plane.kubectl(['apply', '--server-side', '-f', '-'], out);
}

/** A stage for the tests of one file. */
export function withStage(options: StageOptions = {}): () => Stage {
  let stage: Stage | undefined;
  beforeAll(async () => {
    stage = await startStage(options);
  });
  afterAll(async () => await stage?.stop());
  return () => there(stage, 'the stage is not up');
}
