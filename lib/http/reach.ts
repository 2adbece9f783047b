import type { LookupAddress } from 'node:dns';
import { lookup as lookUp } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { Terminal } from '../errors.ts';
import { literalOf, type Zone, zoneOf } from './addresses.ts';

/** Whom measurements may reach. */
export type Policy = {
  /** Networks of one's own, without being named. */
  openZones: readonly ('private' | 'loopback')[];
  /** What the settings allow in networks of one's own: names and addresses, or `*.example.com`. */
  hosts: readonly string[];
  /** What to do where one is refused, in the words of where this runs. */
  remedy: string;
};

export type Resolve = (host: string) => Promise<LookupAddress[]>;
export const resolveAll: Resolve = (host) => lookUp(host, { all: true, verbatim: true });

function isOpen(zone: Zone, host: string, { openZones, hosts }: Policy): boolean {
  // Metadata and the runtime are nobody's to open.
  if (zone === 'forbidden') return false;
  if (zone === 'public' || openZones.includes(zone)) return true;
  // The runtime answers at loopback: naming a host does not open that.
  return zone === 'private' && isAllowed(host, hosts);
}

function isAllowed(host: string, hosts: readonly string[]): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return hosts.some((each) =>
    each.startsWith('*.') ? name.endsWith(each.slice(1)) : name === each,
  );
}

const said: Record<Exclude<Zone, 'public'>, string> = {
  forbidden: 'a link-local, metadata or reserved address, which no measurement reaches',
  loopback: 'this machine itself',
  private: 'an address in a private network',
};

/** Thrown by a lookup, so that no connection is begun. */
class Refused extends Terminal {}

function refusal(host: string, address: string, zone: Exclude<Zone, 'public'>, policy: Policy) {
  const what = host === address ? address : `${host} (${address})`;
  const remedy = zone === 'private' ? `: ${policy.remedy}` : '';
  return new Refused(`${what} is ${said[zone]}${remedy}`);
}

/** Of an address that is written out in the URL, for which nothing is looked up. */
export function checkLiteral(url: URL, policy: Policy): void {
  const address = literalOf(url.hostname);
  if (address === undefined) return;
  const zone = zoneOf(address);
  if (zone !== 'public' && !isOpen(zone, address, policy))
    throw refusal(address, address, zone, policy);
}

/**
 * For Node's sockets: the address that is checked is the one that is connected to, so that no later answer of
 * the resolver counts. One that may not be reached among several refuses them all.
 */
export function guardedLookup(policy: Policy, resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    const checked = async (): Promise<LookupAddress[]> => {
      const found = await resolve(host);
      for (const { address } of found) {
        const zone = zoneOf(address);
        if (zone !== 'public' && !isOpen(zone, host, policy))
          throw refusal(host, address, zone, policy);
      }
      const { family } = options;
      const wanted =
        family === 4 || family === 6 ? found.filter((each) => each.family === family) : found;
      if (wanted.length === 0) {
        const error = new Error(`getaddrinfo ENOTFOUND ${host}`);
        throw Object.assign(error, { code: 'ENOTFOUND' });
      }
      return wanted;
    };
    checked().then(
      (found) => {
        if (options.all) callback(null, found);
        else callback(null, found[0]?.address ?? '', found[0]?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}
