import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type ControlPlane, startControlPlane } from '../cluster/controlPlane.ts';
import { type Serin, serinCommand, startSerin } from '../cluster/serin.ts';
import { type Backends, startBackends } from './backends.ts';
import { type Gateway, startGateway } from './gateway.ts';

export type Stage = {
  plane: ControlPlane;
  gateway: Gateway;
  backends: Backends;
  /** The one that runs. */
  serin: () => Serin;
  /** Ends `serin run` at once, as when its machine is gone. */
  killSerin: () => Promise<void>;
  /** Again, with the same table. */
  startSerin: () => Promise<void>;
  stop: () => Promise<void>;
};

/** A control plane, a gateway, the backends of its pods, and `serin run`. */
export async function startStage(tell?: (line: string) => void): Promise<Stage> {
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
    let serin: Serin | undefined = await startSerin(plane, { state });
    stops.push(async () => await serin?.stop());
    return {
      ...{ plane, gateway, backends, stop },
      serin: () => {
        if (!serin) throw new Error('serin run was killed');
        return serin;
      },
      killSerin: async () => {
        if (!serin) return;
        process.kill(serin.pid, 'SIGKILL');
        await serin.exited;
        serin = undefined;
      },
      startSerin: async () => {
        serin ??= await startSerin(plane, { state });
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function installDefinitions(plane: ControlPlane): Promise<void> {
  const { out, err, code } = await serinCommand('crds');
  if (code !== 0) throw new Error(err);
  await plane.kubectl(['apply', '--server-side', '-f', '-'], out);
}

/** A stage for the tests of one file. */
export function withStage(): () => Stage {
  let stage: Stage | undefined;
  beforeAll(async () => {
    stage = await startStage();
  });
  afterAll(async () => await stage?.stop());
  return () => {
    if (!stage) throw new Error('the stage is not up');
    return stage;
  };
}
