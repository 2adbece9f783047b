import { Terminal } from '../../lib/errors.ts';
import { contextOf } from '../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import { awsSecrets, metricAws } from '../../lib/measure/account.ts';
import { localHttp } from '../../lib/measure/localHttp.ts';
import { type Noted, noted } from '../../lib/trial/noted.ts';
import type { Aws, Cluster } from '../../lib/world.ts';
import { ownVersion } from '../version.ts';

/** Whom a measurement that is tried reaches from this machine. Without a kubeconfig there is no cluster. */
export function outsideOf({
  kubeconfig,
  context,
}: {
  kubeconfig?: string;
  context?: string;
}): Noted {
  const userAgent = `serin/${ownVersion()}`;
  const live = kubeconfig === undefined ? undefined : clusterOf(kubeconfig, context, userAgent);
  const http = localHttp(() => live ?? {}, userAgent);
  const secrets = awsSecrets({});
  return noted({
    cluster: live ?? noCluster,
    // Measurements ask nothing of load balancers.
    aws: async () => metricAws({}) as Aws,
    http: async () => http,
    secrets: async () => secrets,
    endsAt: Number.POSITIVE_INFINITY,
  });
}

function clusterOf(kubeconfig: string, context: string | undefined, userAgent: string): Cluster {
  const { signIn } = contextOf(kubeconfig, context);
  return kubernetesCluster({ signIn, userAgent, doorbell: false });
}

async function none(): Promise<never> {
  throw new Terminal('there is no cluster to ask: name its kubeconfig with --kubeconfig FILE');
}

const noCluster: Cluster = {
  ...{ doorbell: false, get: none, list: none, create: none, patch: none },
  ...{ remove: none, evict: none },
};
