import { describe, expect, it } from 'vitest';
import { objectCache } from '../../lib/kubernetes/objectCache.ts';
import { parseSelector } from '../../lib/kubernetes/selectors.ts';
import type { ReplicaSet } from '../../lib/model/argo.generated.ts';

type Labels = Record<string, string>;

const set = (
  name: string,
  labels: Labels = {},
  version = 1,
  more: ReplicaSet = {},
): ReplicaSet => ({
  metadata: {
    name,
    namespace: 'shop',
    uid: `uid-of-${name}`,
    resourceVersion: `${version}`,
    labels,
  },
  ...more,
});

const filled = (...sets: ReplicaSet[]) => {
  const cache = objectCache<ReplicaSet>();
  sets.forEach(cache.put);
  const names = (selector: string, namespace = 'shop') =>
    cache.list(namespace, parseSelector(selector)).map(({ metadata }) => metadata?.name);
  return { ...cache, names };
};

describe('what is cached of a kind', () => {
  it.each([
    ['app=web', ['a', 'b']],
    ['app==web,tier=front', ['a']],
    ['tier=front,app=web', ['a']],
    ['app in (web,api)', ['a', 'b', 'c']],
    ['app=web,!tier', ['b']],
    ['app!=web', ['c', 'd']],
    ['app=none', []],
    ['', ['a', 'b', 'c', 'd']],
  ])('is selected by labels: %s', (selector, wanted) => {
    const { names } = filled(
      set('a', { app: 'web', tier: 'front' }),
      set('b', { app: 'web' }),
      set('c', { app: 'api', tier: 'front' }),
      set('d'),
    );
    expect(names(selector)).toEqual(wanted);
    expect(names(selector, '')).toEqual(wanted);
    expect(names(selector, 'bank')).toEqual([]);
  });

  it('is selected by the labels it has now', () => {
    const { names, put, drop } = filled(set('a', { app: 'web' }), set('b', { app: 'web' }));
    expect(names('app=web')).toEqual(['a', 'b']);
    put(set('a', { app: 'api' }, 2));
    put(set('c', { app: 'web' }));
    expect(names('app=web')).toEqual(['b', 'c']);
    expect(names('app=api')).toEqual(['a']);
    drop('shop', 'b', 'uid-of-b');
    expect(names('app=web')).toEqual(['c']);
  });

  it('is the same object as long as it is used, and an equal one when it was long ago', () => {
    const big = (name: string) =>
      set(name, {}, 1, {
        spec: { minReadySeconds: 3, selector: { matchLabels: { x: 'y'.repeat(100_000) } } },
      });
    const { get, put } = filled(big('a'));
    const first = get('shop', 'a');
    expect(get('shop', 'a')).toBe(first);
    for (const name of ['b', 'c', 'd', 'e']) put(big(name));
    const second = get('shop', 'a');
    expect(second).not.toBe(first);
    expect(second).toEqual(first);
    expect(get('shop', 'a')).toBe(second);
  });

  it('is no earlier version than one that was seen, and nothing that was dropped', () => {
    const { isNews, drop, forget } = filled(set('a', {}, 9));
    expect([8, 9, 10].map((version) => isNews(set('a', {}, version)))).toEqual([
      false,
      false,
      true,
    ]);
    drop('shop', 'a', 'uid-of-a');
    expect(isNews(set('a', {}, 11))).toBe(false);
    forget('uid-of-a');
    expect(isNews(set('a', {}, 11))).toBe(true);
  });
});
