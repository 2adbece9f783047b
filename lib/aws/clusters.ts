import { cache } from '../cache.ts';
import { eksAccess, eksClient } from '../eks/signIn.ts';
import { loadBalancersOf, openRegion, type Throttles } from '../elb/regions.ts';
import { NotFound } from '../errors.ts';
import { kubernetesCluster } from '../kubernetes/kubernetes.ts';
import { defined } from '../model/defined.ts';
import { type ClusterEntry, settingsKey } from '../model/documents.ts';
import { type Millis, minuteMs } from '../model/units.ts';
import type { Aws, Clock, Cluster, Documents } from '../world.ts';

/** How long a cluster's entry in the table is believed. */
const entryLifeMs: Millis = minuteMs;

type Known = { text: string; cluster: Cluster; roleArn: string | undefined };
type ClusterSettings = Record<string, { verifyLoadBalancers: boolean }>;
export type LiveClusters = {
  cluster: (name: string) => Promise<Cluster>;
  aws: (name: string) => Promise<Aws>;
};

/**
 * The registered clusters, and AWS in their accounts. Connections, tokens and what is known of load balancers
 * are kept between wakes, until the cluster's entry changes.
 */
export function liveClusters(
  { documents, clock }: { documents: Documents; clock: Clock },
  userAgent: string,
): LiveClusters {
  const known = cache<Known>({
    ...{ now: clock.now, lifeMs: entryLifeMs },
    read: async (name, last) => {
      const document = await documents.get({ kind: 'cluster', id: name });
      if (!document) throw new NotFound(`no cluster is registered as ${name}`);
      const text = JSON.stringify(document.body);
      if (last?.text === text) return last;
      const { roleArn } = document.body;
      return { text, cluster: clusterOf(document.body, userAgent), roleArn };
    },
  });
  const accountOf = accounts(clock);
  const unverified = unverifiedClusters({ documents, clock });
  return {
    cluster: async (name) => {
      const [{ value }, off] = await Promise.all([known(name), unverified()]);
      return off.has(name) ? { ...value.cluster, unverified: true } : value.cluster;
    },
    aws: async (name) => accountOf((await known(name)).value.roleArn),
  };
}

/** Where the settings have nobody look at load balancers. What cannot be read turns nothing off. */
function unverifiedClusters({ documents, clock }: { documents: Documents; clock: Clock }) {
  const current = cache<Set<string>>({
    ...{ now: clock.now, lifeMs: entryLifeMs, standsIn: () => true },
    read: async () => {
      const document = await documents.get(settingsKey);
      const clusters = JSON.parse(document?.body.clusters ?? '{}') as ClusterSettings;
      const off = Object.entries(clusters).filter(([, each]) => !each.verifyLoadBalancers);
      return new Set(off.map(([name]) => name));
    },
  });
  return async (): Promise<Set<string>> => {
    const { value } = await current('').catch(() => ({ value: new Set<string>() }));
    return value;
  };
}

/** AWS as each role sees it. What throttles one throttles all of its account. */
function accounts(clock: Clock): (roleArn: string | undefined) => Aws {
  const known = new Map<string | undefined, Aws>();
  const throttled = new Map<string | undefined, Throttles>();
  return (roleArn) => {
    const account = roleArn?.split(':')[4];
    const throttles: Throttles = throttled.get(account) ?? new Map();
    throttled.set(account, throttles);
    const role = roleArn === undefined ? {} : { roleArn };
    const open = (region: string) => openRegion({ region, ...role });
    const aws = known.get(roleArn) ?? loadBalancersOf(open, { clock, throttles });
    known.set(roleArn, aws);
    return aws;
  };
}

function clusterOf(entry: ClusterEntry, userAgent: string): Cluster {
  const { region, eksName, roleArn, endpoint, ca, doorbell } = entry;
  const client = eksClient({ region, ...defined({ roleArn }) });
  const at = { server: endpoint, ...defined({ ca }) };
  const signIn = eksAccess({ region, name: eksName, client, at });
  return kubernetesCluster({ signIn, doorbell: doorbell.webhookEnabled, userAgent });
}
