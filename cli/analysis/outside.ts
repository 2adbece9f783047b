import { Terminal } from '../../lib/errors.ts';
import type { Context } from '../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import type { Account } from '../../lib/measure/account.ts';
import { localHttp } from '../../lib/measure/localHttp.ts';
import { measuringAws } from '../../lib/measure/own.ts';
import { type Noted, noted } from '../../lib/trial/noted.ts';
import type { Aws, Cluster } from '../../lib/world.ts';
import { ownUserAgent } from '../version.ts';

/** Whom a measurement that is tried reaches from this machine: of AWS, what it reaches in a run. */
export function outsideOf(cluster: Context | undefined, account: Account): Noted {
  const userAgent = ownUserAgent();
  const live = cluster && kubernetesCluster({ signIn: cluster.signIn, userAgent, doorbell: false });
  const http = localHttp(() => live ?? {}, { account, userAgent });
  const { aws, secrets } = measuringAws(account, { stack: false });
  return noted({
    cluster: live ?? noCluster,
    // Measurements ask nothing of load balancers.
    aws: async () => aws as Aws,
    http: async () => http,
    secrets: async () => secrets,
    endsAt: Number.POSITIVE_INFINITY,
  });
}

async function none(): Promise<never> {
  throw new Terminal('there is no cluster to ask: name its kubeconfig with --kubeconfig FILE');
}

const noCluster: Cluster = {
  ...{ doorbell: false, get: none, list: none, create: none, patch: none },
  ...{ remove: none, evict: none },
};
