import { Terminal } from '../errors.ts';
import { httpClient, type ServiceWay } from '../http/client.ts';
import { type ServiceAddress, serviceText } from '../model/httpRequest.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { Cluster, Http } from '../world.ts';
import { type Account, signingCredentials } from './account.ts';

/** The longest that a function waits for an answer: it has more to do in its 28 s. */
const longestMs: Millis = 15 * secondMs;

export type FunctionHttp = {
  /** How the cluster is called in Serin. */
  name: string;
  cluster: Pick<Cluster, 'proxy'>;
  /** The Services that may be asked: `monitoring/prometheus:9090`. */
  services: readonly string[];
  /** Hosts in networks of one's own that may be asked. */
  hosts: readonly string[];
  account: Account;
  userAgent: string;
};

/**
 * The ways of a function to servers that metrics come from: those of the internet, those whose host the
 * settings name, and Services of the cluster that its entry names, by way of its API server.
 */
export function functionHttp(options: FunctionHttp): Http {
  const { name, cluster, services, hosts, account, userAgent } = options;
  return httpClient({
    policy: {
      openZones: [],
      hosts,
      remedy:
        'name its host in metrics.hosts of the settings, if the functions run in a VPC that reaches it; or ' +
        `use the address of a Service, http://NAME.NAMESPACE.svc:PORT, and allow it with ` +
        `\`serin cluster add ${name} … --metrics NAMESPACE/NAME:PORT\``,
    },
    service: async (address) => {
      if (services.includes(serviceText(address))) return proxyBy(cluster, address);
      const place = serviceText(address);
      throw new Terminal(
        `${place} is inside of the cluster: to have it asked through the API server, run ` +
          `\`serin cluster add ${name} … --metrics ${place}\` and add it to the chart's value ` +
          'metrics.services; or give an address that the functions reach over the network',
      );
    },
    credentialsFor: signingCredentials(account),
    userAgent,
    longestMs,
  });
}

export function proxyBy({ proxy }: Pick<Cluster, 'proxy'>, address: ServiceAddress): ServiceWay {
  if (!proxy) throw new Terminal('this cluster has no way to its Services');
  return async ({ url, method, headers, body }, signal) =>
    await proxy(
      address,
      {
        method,
        headers,
        path: `${url.pathname}${url.search}`,
        ...(body !== undefined && { body }),
      },
      signal,
    );
}
