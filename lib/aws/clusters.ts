import { cache } from '../cache.ts';
import { eksAccess, eksClient } from '../eks/signIn.ts';
import { loadBalancersOf, openRegion, type Throttles } from '../elb/regions.ts';
import { NotFound } from '../errors.ts';
import { kubernetesCluster } from '../kubernetes/kubernetes.ts';
import { functionHttp } from '../measure/functionHttp.ts';
import { measuringAws } from '../measure/own.ts';
import { defined } from '../model/defined.ts';
import { type ClusterEntry, settingsKey } from '../model/documents.ts';
import { type Millis, minuteMs } from '../model/units.ts';
import type {
  Aws,
  BalancerAws,
  Clock,
  Cluster,
  Documents,
  Http,
  MetricAws,
  Secrets,
} from '../world.ts';

/** How long a cluster's entry in the table is believed. */
const entryLifeMs: Millis = minuteMs;

type Known = {
  text: string;
  cluster: Cluster;
  roleArn: string | undefined;
  metrics: MetricAws;
  secrets: Secrets;
  /** With the hosts that the settings allow. */
  http: (hosts: readonly string[]) => Http;
};
type ClusterSettings = Record<string, { verifyLoadBalancers: boolean }>;
export type LiveClusters = {
  cluster: (name: string) => Promise<Cluster>;
  aws: (name: string) => Promise<Aws>;
  http: (name: string) => Promise<Http>;
  secrets: (name: string) => Promise<Secrets>;
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
      return { text, ...opened(document.body, userAgent) };
    },
  });
  const accountOf = accounts(clock);
  const settings = appliedSettings({ documents, clock });
  return {
    cluster: async (name) => {
      const [{ value }, { off }] = await Promise.all([known(name), settings()]);
      return off.has(name) ? { ...value.cluster, unverified: true } : value.cluster;
    },
    aws: async (name) => {
      const { roleArn, metrics } = (await known(name)).value;
      return { ...accountOf(roleArn), ...metrics };
    },
    http: async (name) => {
      const [{ value }, { hosts }] = await Promise.all([known(name), settings()]);
      return value.http(hosts);
    },
    secrets: async (name) => (await known(name)).value.secrets,
  };
}

type Applied = { off: Set<string>; hosts: readonly string[] };
const nothingApplied: Applied = { off: new Set(), hosts: [] };

/**
 * Where the settings have nobody look at load balancers, and whom measurements may reach in private networks.
 * What cannot be read turns nothing off and opens nothing.
 */
function appliedSettings({ documents, clock }: { documents: Documents; clock: Clock }) {
  const current = cache<Applied>({
    ...{ now: clock.now, lifeMs: entryLifeMs, standsIn: () => true },
    read: async () => {
      const document = await documents.get(settingsKey);
      const { clusters = '{}', metrics = '{}' } = document?.body ?? {};
      const each = Object.entries(JSON.parse(clusters) as ClusterSettings);
      const off = each.filter(([, { verifyLoadBalancers }]) => !verifyLoadBalancers);
      const { hosts = [] } = JSON.parse(metrics) as { hosts?: string[] };
      return { off: new Set(off.map(([name]) => name)), hosts };
    },
  });
  return async (): Promise<Applied> => {
    const { value } = await current('').catch(() => ({ value: nothingApplied }));
    return value;
  };
}

/** What is kept of a cluster while its entry stays the same. */
function opened(entry: ClusterEntry, userAgent: string): Omit<Known, 'text'> {
  const { name, region, roleArn, metrics: services = [], metricsRoleArn } = entry;
  const cluster = clusterOf(entry, userAgent);
  const account = { region, ...(metricsRoleArn !== undefined && { roleArn: metricsRoleArn }) };
  const { aws: metrics, secrets } = measuringAws(account, { stack: true });
  let last: { hosts: string; http: Http } | undefined;
  return {
    ...{
      cluster,
      roleArn,
      metrics,
      secrets,
    },
    http: (hosts) => {
      const text = hosts.join(' ');
      if (last?.hosts !== text) {
        const http = functionHttp({ name, cluster, services, hosts, account, userAgent });
        last = { hosts: text, http };
      }
      return last.http;
    },
  };
}

/** AWS as each role sees it. What throttles one throttles all of its account. */
function accounts(clock: Clock): (roleArn: string | undefined) => BalancerAws {
  const known = new Map<string | undefined, BalancerAws>();
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
