import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ObjectMeta } from '../../lib/model/argo.generated.ts';
import { type RestOptions, restApi } from '../../lib/simulate/apiServer/rest/api.ts';
import { restListener } from '../../lib/simulate/apiServer/rest/server.ts';
import { type VirtualClock, virtualClock } from '../../lib/simulate/clock.ts';
import { type SimulatedCluster, simulatedCluster } from '../../lib/simulate/cluster.ts';

/** What comes over the wire, as far as tests look into it. */
export type Wire = {
  kind?: string;
  reason?: string;
  message?: string;
  groupVersion?: string;
  metadata: ObjectMeta & { continue?: string; remainingItemCount?: number };
  spec: {
    replicas?: number;
    strategy?: { canary: { steps: object[] } };
  };
  status?: unknown;
  items: Wire[];
  groups: { name: string }[];
  resources: { name: string }[];
  details: { causes: { reason: string }[] };
};

export type Served = { server: string; close: () => Promise<void> };

/** An HTTP server on loopback. */
export async function serve(listener: RequestListener): Promise<Served> {
  const http = createServer(listener);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    server: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

export const startedAt = Date.parse('2026-01-31T12:00:00Z');

export type Simulation = {
  clock: VirtualClock;
  sim: SimulatedCluster;
  settle: () => Promise<void>;
};

export function simulation(): Simulation {
  const clock = virtualClock(startedAt);
  const sim = simulatedCluster({ clock, seed: 1 });
  const settle = async (): Promise<void> => {
    await clock.run({ until: clock.now() + 10_000, eventsMax: 10_000 });
  };
  return { clock, sim, settle };
}

export async function servedSimulation(options: RestOptions = {}): Promise<Simulation & Served> {
  const made = simulation();
  return { ...made, ...(await serve(restListener(restApi(made.sim, options)))) };
}
