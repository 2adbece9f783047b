import { BlockList, isIP } from 'node:net';

// Which addresses a measurement may reach. Whoever writes a manifest names them, and what answers there is
// shown to them: docs/adr/0060-what-a-measurement-may-reach.md

/** `private`: somebody's own network, which an administrator may open. */
export type Zone = 'public' | 'private' | 'loopback' | 'forbidden';

type Range = readonly [address: string, prefix: number];

/** https://www.iana.org/assignments/iana-ipv4-special-registry and its sister for IPv6. */
const ranges: Record<Exclude<Zone, 'public'>, readonly Range[]> = {
  /** Metadata of instances, tasks and pods are here, and what is no address of a server. */
  forbidden: [
    ['0.0.0.0', 8],
    ['169.254.0.0', 16],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
    ['::', 128],
    // IPv4 in disguise: translated by somebody's own rules, Teredo and 6to4.
    ['64:ff9b:1::', 48],
    ['2001::', 32],
    ['2002::', 16],
    ['100::', 64],
    ['2001:db8::', 32],
    ['fe80::', 10],
    ['fec0::', 10],
    ['ff00::', 8],
    // Within fc00::/7: EC2's metadata, time and resolver, and the credentials of EKS pods.
    ['fd00:ec2::', 32],
    // Alibaba's, where Serin may run too.
    ['100.100.100.200', 32],
  ],
  loopback: [
    ['127.0.0.0', 8],
    ['::1', 128],
  ],
  private: [
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['fc00::', 7],
  ],
};

function listOf(some: readonly Range[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of some) list.addSubnet(address, prefix, familyOf(address));
  return list;
}

const lists = (['forbidden', 'loopback', 'private'] as const).map(
  (zone) => [zone, listOf(ranges[zone])] as const,
);

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** `address`: an IPv4 or IPv6 address in text. An IPv4 one that is written as IPv6 is what it stands for. */
export function zoneOf(address: string): Zone {
  const plain = address.replace(/%.*$/, '');
  if (isIP(plain) === 0) return 'forbidden';
  const embedded = embeddedIPv4(plain);
  const told = embedded ?? plain;
  return lists.find(([, list]) => list.check(told, familyOf(told)))?.[0] ?? 'public';
}

/** Of `::ffff:a.b.c.d`, the old `::a.b.c.d`, and `64:ff9b::a.b.c.d` as a resolver translates it. */
function embeddedIPv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  // The URL parser writes each address in one form only.
  const short = URL.parse(`http://[${address}]/`)?.hostname ?? '';
  const [, high = '', low = ''] =
    /^\[(?:64:ff9b)?::(?:ffff:)?([\da-f]{1,4}):([\da-f]{1,4})\]$/.exec(short) ?? [];
  if (low === '') return undefined;
  const bits = Number.parseInt(high, 16) * 0x1_00_00 + Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => Math.floor(bits / 2 ** shift) % 256).join('.');
}

/** `host`: as in a URL; an IPv6 address is in brackets. */
export function literalOf(host: string): string | undefined {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? undefined : bare;
}
