import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  type AddressInfo,
  createServer as createListener,
  type Server,
  type Socket,
} from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { contextOf } from '../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import type { Pod } from '../../lib/model/argo.generated.ts';
import { faulty, faultyEvery, versionHeader } from './backends.ts';

// The thread of backends.ts: a server, and what it knows of the pods that it answers for.

type Known = { uid: string; version: string; answers: boolean };

async function serve(kubeconfig: string): Promise<number> {
  const pods = new Map<string, Known>();
  const open = new Map<string, Open>();
  let toFaulty = 0;
  const server = createServer((request, response) => {
    const { version = '' } = pods.get(request.socket.localAddress ?? '') ?? {};
    response.setHeader(versionHeader, version);
    if (version.endsWith(faulty)) toFaulty += 1;
    const isFailed = version.endsWith(faulty) && toFaulty % faultyEvery === 0;
    response.writeHead(isFailed ? 500 : 200).end('ok\n');
  });
  // The gateway, not a pod, ends connections that are not used.
  server.keepAliveTimeout = 300_000;
  const port = await portOf(server);
  const changed = (pod: Pod, isGone = false): void => {
    const address = pod.status?.podIP;
    if (!address) return;
    const uid = pod.metadata?.uid ?? '';
    // Its address may be another's by now.
    if (isGone && pods.get(address)?.uid !== uid) return;
    if (isGone) pods.delete(address);
    else pods.set(address, knownOf(pod));
    const there = open.get(address);
    if (!pods.get(address)?.answers) {
      open.delete(address);
      there?.end();
      if (there) parentPort?.postMessage({ endedAt: Date.now() });
    } else if (!there) {
      const take = (socket: Socket) => server.emit('connection', socket);
      open.set(address, listen({ address, port }, take));
    }
  };
  await follow(kubeconfig, changed);
  return port;
}

/** A port that is free at all addresses, since none but the pods' are listened at. */
async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

type Open = { end: () => void };

/** Once it ends, connections are refused as where nobody listens, and those there were are reset. */
function listen(at: { address: string; port: number }, take: (socket: Socket) => void): Open {
  const sockets = new Set<Socket>();
  const listener = createListener((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    take(socket);
  });
  listener.listen(at.port, at.address);
  return {
    end: () => {
      listener.close();
      for (const socket of sockets) socket.resetAndDestroy();
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
  };
}

async function follow(
  kubeconfig: string,
  changed: (pod: Pod, isGone?: boolean) => void,
): Promise<void> {
  const { signIn } = contextOf(kubeconfig);
  const cluster = kubernetesCluster({ signIn, doorbell: true, userAgent: 'backends' });
  const sink = {
    found: (items: Pod[]) => {
      for (const pod of items) changed(pod);
    },
    complete: () => {},
    change: (type: string, pod: Pod) => changed(pod, type === 'DELETED'),
    trouble: () => {},
  };
  await cluster.watch('Pod', { namespace: '' }, sink, new AbortController().signal);
}

parentPort?.postMessage({ port: await serve(workerData) });
