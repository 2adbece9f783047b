import { once } from 'node:events';
import { startControlPlane } from './controlPlane.ts';
import { installArgoDefinitions } from './peer.ts';

// `npm run cluster`: a real control plane on loopback, for as long as this runs.

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());

const plane = await startControlPlane({ tell: say });
try {
  await installArgoDefinitions(plane);
  say(`kubeconfig: ${plane.kubeconfig}`);
  say(`Argo Rollouts' definitions are installed. Logs are in ${plane.dir}. Ctrl-C ends it.`);
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
} finally {
  await plane.stop();
}
