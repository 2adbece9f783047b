import { describe, expect, it } from 'vitest';
import { zoneOf } from '../../lib/http/addresses.ts';

describe('an address', () => {
  it('of metadata, of the runtime or of nobody is never reached', () => {
    const all = [
      ...['169.254.169.254', '169.254.170.2', '169.254.170.23', '169.254.100.1', '0.0.0.0'],
      ...['100.100.100.200', '192.0.0.192', '224.0.0.1', '255.255.255.255'],
      ...['fd00:ec2::254', 'fd00:ec2::23', 'fe80::1', 'fe80::1%eth0', '::', 'ff02::1'],
      // The same in other forms.
      ...['::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '::169.254.169.254', '64:ff9b::a9fe:a9fe'],
      ...['0:0:0:0:0:ffff:169.254.169.254', '2002:a9fe:a9fe::1', 'nonsense', ''],
    ];
    expect(all.map((each) => [each, zoneOf(each)])).toEqual(all.map((each) => [each, 'forbidden']));
  });

  it('is of this machine, of a private network, or public', () => {
    const zones = {
      loopback: ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
      private: [
        '10.1.2.3',
        '172.31.0.1',
        '192.168.1.1',
        '100.64.0.1',
        'fd12::1',
        '::ffff:10.0.0.1',
      ],
      public: ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1', '::ffff:8.8.8.8'],
    };
    for (const [zone, addresses] of Object.entries(zones)) {
      expect(addresses.map((each) => [each, zoneOf(each)])).toEqual(
        addresses.map((each) => [each, zone]),
      );
    }
    expect(zoneOf('64:ff9b::808:808')).toBe('public');
  });
});
