import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ControlPlane } from '../cluster/controlPlane.ts';

// What answers at the addresses that kwok gives to pods. One server listens on all of this machine's
// addresses, of which they are some: see test/cluster/alone.ts. By the address that a connection came to
// it knows which pod is meant. A pod that is not Running and Ready answers nobody: its connections are
// reset. One that is being deleted answers until it is gone, as one does that sleeps in its preStop hook.

export type Backends = { port: number; stop: () => Promise<void> };

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
  const [port] = (await once(worker, 'message')) as [number];
  return { port, stop: async () => void (await worker.terminate()) };
}

/** The server listens on all addresses, so nobody else may be there. */
function assertOnlyLoopback(): void {
  const others = Object.keys(networkInterfaces()).filter((name) => name !== 'lo');
  if (others.length === 0) return;
  throw new Error(
    `This machine has the network interfaces ${others.join(', ')}. Run it by npm run test:traffic, as ` +
      'root on Linux: that gives it a network namespace of its own, where pods have addresses.',
  );
}
