import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { contextOf } from '../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import type { Pod } from '../../lib/model/argo.generated.ts';
import { faulty, faultyEvery, versionHeader } from './backends.ts';

// The thread of backends.ts: a server, and what it knows of the pods that it answers for.

type Known = { uid: string; version: string; answers: boolean };

async function serve(kubeconfig: string): Promise<number> {
  const pods = new Map<string, Known>();
  const sockets = new Map<string, Set<Socket>>();
  let toFaulty = 0;
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
    const { version = '' } = pods.get(request.socket.localAddress ?? '') ?? {};
    response.setHeader(versionHeader, version);
    if (version.endsWith(faulty)) toFaulty += 1;
    const isFailed = version.endsWith(faulty) && toFaulty % faultyEvery === 0;
    response.writeHead(isFailed ? 500 : 200).end('ok\n');
  });
  // The gateway, not a pod, ends connections that are not used.
  server.keepAliveTimeout = 300_000;
  server.on('connection', (socket: Socket) => {
    const address = socket.localAddress ?? '';
    const pod = pods.get(address);
    if (!pod?.answers) {
      socket.resetAndDestroy();
      return;
    }
    const open = sockets.get(address) ?? new Set();
    sockets.set(address, open.add(socket));
    socket.once('close', () => open.delete(socket));
  });
  await follow(kubeconfig, changed);
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
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

parentPort?.postMessage(await serve(workerData));
