import { cache } from '../cache.ts';
import { eksAccess, eksClient } from '../eks/signIn.ts';
import { NotFound } from '../errors.ts';
import { kubernetesCluster } from '../kubernetes/kubernetes.ts';
import { defined } from '../model/defined.ts';
import type { ClusterEntry } from '../model/documents.ts';
import { type Millis, minuteMs } from '../model/units.ts';
import type { Clock, Cluster, Documents } from '../world.ts';

/** How long a cluster's entry in the table is believed. */
const entryLifeMs: Millis = minuteMs;

type Known = { text: string; cluster: Cluster };

/**
 * The registered clusters. Connections and tokens are kept between wakes, until the cluster's entry
 * changes.
 */
export function liveClusters(
  { documents, clock }: { documents: Documents; clock: Clock },
  userAgent: string,
): (name: string) => Promise<Cluster> {
  const known = cache<Known>({
    ...{ now: clock.now, lifeMs: entryLifeMs },
    read: async (name, last) => {
      const document = await documents.get({ kind: 'cluster', id: name });
      if (!document) throw new NotFound(`no cluster is registered as ${name}`);
      const text = JSON.stringify(document.body);
      if (last?.text === text) return last;
      return { text, cluster: clusterOf(document.body, userAgent) };
    },
  });
  return async (name) => (await known(name)).value.cluster;
}

function clusterOf(entry: ClusterEntry, userAgent: string): Cluster {
  const { region, eksName, roleArn, endpoint, ca, doorbell } = entry;
  const client = eksClient({ region, ...defined({ roleArn }) });
  const at = { server: endpoint, ...defined({ ca }) };
  const signIn = eksAccess({ region, name: eksName, client, at });
  return kubernetesCluster({ signIn, doorbell: doorbell.webhookEnabled, userAgent });
}
