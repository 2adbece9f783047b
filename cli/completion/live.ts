import { kubeconfigContexts } from '../../lib/kubernetes/kubeconfig.ts';
import type { FleetRow } from '../../lib/model/fleet.ts';
import { secondMs } from '../../lib/model/units.ts';
import { makeClient } from '../client.ts';
import { readConfig } from '../config/contexts.ts';
import type { GlobalOptions, Io } from '../io.ts';
import { kubeconfigIn } from '../kubeconfig.ts';

/** What names are asked for. */
export type Named = 'rollout' | 'namespace' | 'cluster' | 'context' | 'kubeContext';

/** Whoever presses the key waits for it. */
const patienceMs = 2 * secondMs;
/** More are no help. */
const namesMax = 1000;

type Given = Record<string, string>;

/** The names there are now; none where nobody can be asked, since a shell has no place for errors. */
export async function liveNames(what: Named, options: Given, io: Io): Promise<string[]> {
  try {
    return await asked(what, options, io);
  } catch {
    return [];
  }
}

async function asked(what: Named, options: Given, io: Io): Promise<string[]> {
  if (what === 'context') return readConfig(io.env).contexts.map(({ name }) => name);
  if (what === 'kubeContext') {
    const { kubeconfig } = options;
    return kubeconfigContexts(kubeconfigIn(kubeconfig === undefined ? {} : { kubeconfig }, io.env));
  }
  const stop = AbortSignal.any([io.stop, AbortSignal.timeout(patienceMs)]);
  const client = makeClient(
    // To ask for the clusters, none has to be named.
    { output: 'json', ...(what === 'cluster' && { cluster: '-' }), ...options } as GlobalOptions,
    { ...io, stop, warn: () => {} },
  );
  if (what === 'cluster') {
    const { body } = await client.get<{ items: { name: string }[] }>('/v1/clusters');
    return (body?.items ?? []).map(({ name }) => name);
  }
  const { cluster, namespace } = client.connection;
  const query = new URLSearchParams({ cluster, limit: String(namesMax) });
  if (what === 'rollout') query.set('namespace', namespace);
  const { body } = await client.get<{ items: FleetRow[] }>(`/v1/rollouts?${query}`);
  return (body?.items ?? []).map((row) => row[what === 'rollout' ? 'name' : 'namespace']);
}
