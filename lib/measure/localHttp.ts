import { lookup } from 'node:dns/promises';
import { httpClient } from '../http/client.ts';
import type { Cluster, Http } from '../world.ts';
import { type Account, signingCredentials } from './account.ts';
import { proxyBy } from './functionHttp.ts';

/**
 * The ways of a process that an administrator has put where it is: whatever that place reaches but metadata.
 * A Service is asked by its name where that is known, as it is inside of the cluster, and through the API
 * server elsewhere.
 */
export function localHttp(
  cluster: () => Pick<Cluster, 'proxy'>,
  { account, userAgent }: { account: Account; userAgent: string },
): Http {
  return httpClient({
    policy: { openZones: ['private', 'loopback'], hosts: [], remedy: '' },
    service: async (address) => {
      const isKnown = await lookup(`${address.name}.${address.namespace}.svc`).then(
        () => true,
        () => false,
      );
      return isKnown ? 'direct' : proxyBy(cluster(), address);
    },
    credentialsFor: signingCredentials(account),
    userAgent,
  });
}
