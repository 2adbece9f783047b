import { onTestFinished } from 'vitest';
import { startRun } from '../../server/run.ts';
import { kubeconfigFor } from './support.ts';

/** `serin run` in this process, for the API server at that address; what it logs. */
export async function runOn(server: string): Promise<string[]> {
  const kubeconfig = kubeconfigFor(server);
  const logged: string[] = [];
  const watches = new AbortController();
  const run = await startRun({
    ...{ kubeconfig, namespaces: [], instanceId: '', cluster: 'local', port: 0 },
    userAgent: 'serin/test',
    env: {},
    dir: 'memory',
    log: (level, message) => level !== 'debug' && logged.push(`${level} ${message}`),
    signal: watches.signal,
  });
  onTestFinished(async () => {
    await run.close();
    watches.abort();
  });
  return logged;
}
