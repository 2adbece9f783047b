import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { contextOf } from '../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import type { Pod } from '../../lib/model/argo.generated.ts';
import type { ControlPlane } from '../cluster/controlPlane.ts';

// What answers at the addresses that kwok gives to pods. One server listens on all of this machine's
// addresses, of which they are some: see test/cluster/alone.ts. By the address that a connection came to
// it knows which pod is meant. A pod that is not Running and Ready answers nobody: its connections are
// reset. One that is being deleted answers until it is gone, as one does that sleeps in its preStop hook.

export type Backends = {
  port: number;
  /** Connections that came to an address of no pod, or of one that cannot answer. */
  refused: Refusal[];
  stop: () => void;
};
type Refusal = { at: number; address: string; why: string };

/** The header of an answer that says which image's tag the pod has. */
export const versionHeader = 'x-version';

type Known = { uid: string; version: string; answers: boolean; phase: string };

export async function startBackends(plane: ControlPlane): Promise<Backends> {
  assertOnlyLoopback();
  const pods = new Map<string, Known>();
  const sockets = new Map<string, Set<Socket>>();
  const refused: Refusal[] = [];
  const gone = (address: string): void => {
    for (const socket of sockets.get(address) ?? []) socket.resetAndDestroy();
    sockets.delete(address);
  };
  const changed = (pod: Pod, isGone = false): void => {
    const address = pod.status?.podIP;
    if (!address) return;
    const uid = pod.metadata?.uid ?? '';
    const known = pods.get(address);
    // Its address may be another's by now.
    if (isGone && known?.uid !== uid) return;
    if (isGone) pods.delete(address);
    else pods.set(address, knownOf(pod));
    if (!pods.get(address)?.answers) gone(address);
  };
  const server = createServer((request, response) => {
    const pod = pods.get(request.socket.localAddress ?? '');
    response.setHeader(versionHeader, pod?.version ?? '');
    response.end('ok\n');
  });
  // The gateway, not a pod, ends connections that are not used.
  server.keepAliveTimeout = 300_000;
  server.on('connection', (socket: Socket) => {
    const address = socket.localAddress ?? '';
    const pod = pods.get(address);
    if (!pod?.answers) {
      refused.push({ at: Date.now(), address, why: pod?.phase ?? 'no pod has this address' });
      socket.resetAndDestroy();
      return;
    }
    const open = sockets.get(address) ?? new Set();
    sockets.set(address, open.add(socket));
    socket.once('close', () => open.delete(socket));
  });
  const ended = new AbortController();
  await follow(plane, changed, ended.signal);
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    refused,
    stop: () => {
      ended.abort();
      server.closeAllConnections();
      server.close();
    },
  };
}

function knownOf({ metadata, spec, status }: Pod): Known {
  const isReady = status?.conditions?.some(
    (each) => each.type === 'Ready' && each.status === 'True',
  );
  const image = spec?.containers?.[0]?.image ?? '';
  return {
    uid: metadata?.uid ?? '',
    version: image.split(':').at(-1) ?? '',
    answers: status?.phase === 'Running' && isReady === true,
    phase: `the pod ${metadata?.name} is ${status?.phase}${isReady ? '' : ', not ready'}`,
  };
}

async function follow(
  plane: ControlPlane,
  changed: (pod: Pod, isGone?: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  const { signIn } = contextOf(plane.kubeconfig);
  const cluster = kubernetesCluster({ signIn, doorbell: true, userAgent: 'backends' });
  const sink = {
    found: (items: Pod[]) => {
      for (const pod of items) changed(pod);
    },
    complete: () => {},
    change: (type: string, pod: Pod) => changed(pod, type === 'DELETED'),
    trouble: () => {},
  };
  await cluster.watch('Pod', { namespace: '' }, sink, signal);
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
