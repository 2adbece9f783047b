import { describe, expect, it } from 'vitest';
import { pageAddress } from '../../cli/page.ts';
import { areNames } from '../../lib/api/pathNames.ts';
import {
  fleetAddress,
  placeOf,
  rolloutAddress,
  rolloutPath,
  safeReturn,
} from '../../page/addresses.ts';

const key = { cluster: 'prod-eu', namespace: 'shop', name: 'front-api' };
const at = (address: string) => placeOf(new URL(address, 'https://serin.example.com'));

describe('addresses of the page', () => {
  it('name a rollout, both ways', () => {
    expect(rolloutAddress(key)).toBe('/c/prod-eu/n/shop/r/front-api');
    expect(at(rolloutAddress(key))).toEqual({ screen: 'rollout', key });
    expect(rolloutPath(key)).toBe('/v1/clusters/prod-eu/namespaces/shop/rollouts/front-api');
  });

  it('are those that the command line prints', () => {
    expect(pageAddress('http://127.0.0.1:1', { key })).toBe(
      `http://127.0.0.1:1${rolloutAddress(key)}`,
    );
    expect(pageAddress('http://127.0.0.1:1', { token: 'abc' })).toBe('http://127.0.0.1:1/#abc');
  });

  it('keep a filter', () => {
    expect(at(fleetAddress('ns:shop phase:Paused'))).toEqual({
      screen: 'fleet',
      filter: 'ns:shop phase:Paused',
    });
    expect(fleetAddress()).toBe('/');
  });

  it('of a link take a revision and a verb, and nothing else', () => {
    const link = `${rolloutAddress(key)}?revision=7&ask=abort&reason=x&issuer=https://evil.example`;
    expect(at(link)).toEqual({ screen: 'rollout', key, revision: 7, ask: 'abort' });
    expect(at(`${rolloutAddress(key)}?revision=x&ask=Abort;`)).toEqual({ screen: 'rollout', key });
  });

  it.each(['/c/a/n/b/r/..%2f..', '/c/a/n/B/r/c', '/c/a/n/b/r/c/d', '/c/%00/n/b/r/c', '/other'])(
    '%s names nothing',
    (address) => {
      expect(at(address)).toEqual({ screen: 'unknown' });
      const [, , cluster = '', , namespace = '', , name = ''] = address.split('/');
      if (address.split('/').length === 7)
        expect(areNames({ cluster, namespace, name })).toBe(false);
    },
  );

  it.each([
    ['/c/prod-eu/n/shop/r/front-api?ask=abort', '/c/prod-eu/n/shop/r/front-api?ask=abort'],
    ['/?q=x', '/?q=x'],
    ['//evil.example/', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    ['/signed-in', '/'],
    [null, '/'],
  ])('after signing in %s leads to %s', (address, safe) => expect(safeReturn(address)).toBe(safe));
});
