import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ControlPlane } from '../cluster/controlPlane.ts';

// What answers at the addresses that kwok gives to pods, which are this machine's own: see
// test/cluster/alone.ts. At the address of a pod that is not Running and Ready nobody listens, and its
// connections are reset, or a too early scale-down would not be seen. One that is being deleted answers
// until it is gone, as one does that sleeps in its preStop hook.

export type Backends = {
  port: number;
  /** When each of them stopped answering, by this machine's clock. */
  endedAt: number[];
  stop: () => Promise<void>;
};

type Told = { port?: number; endedAt?: number };

/** The header of an answer that says which image's tag the pod has. */
export const versionHeader = 'x-version';

/** A version whose name ends like this fails every twentieth request itself, which is 5 %. */
export const faulty = '-faulty';
export const faultyEvery = 20;

/**
 * In a thread of its own: Node takes one new connection in each turn of its loop, and the loop of the tests
 * is busy with thousands of requests.
 */
export async function startBackends({ kubeconfig }: ControlPlane): Promise<Backends> {
  assertOnlyLoopback();
  const worker = new Worker(new URL('./answering.ts', import.meta.url), { workerData: kubeconfig });
  const endedAt: number[] = [];
  worker.on('message', (told: Told) => {
    if (told.endedAt !== undefined) endedAt.push(told.endedAt);
  });
  const [{ port = 0 }] = (await once(worker, 'message')) as [Told];
  return { port, endedAt, stop: async () => void (await worker.terminate()) };
}

/** The addresses of pods must lead nowhere else. */
function assertOnlyLoopback(): void {
  const others = Object.keys(networkInterfaces()).filter((name) => name !== 'lo');
  if (others.length === 0) return;
  throw new Error(
    `This machine has the network interfaces ${others.join(', ')}. Run it by npm run test:traffic, as ` +
      'root on Linux: that gives it a network namespace of its own, where pods have addresses.',
  );
}
