// Every address of the page and every path of the API that it asks, both ways.

export type Key = { cluster: string; namespace: string; name: string };

export type Place =
  | { screen: 'fleet'; filter: string }
  /** `revision` and `ask` of a link: the dialog it would open, and what that was about. */
  | { screen: 'rollout'; key: Key; revision?: number; ask?: string }
  | { screen: 'signedIn' }
  | { screen: 'unknown' };

/** As lib/api/pathNames.ts has them: nothing else goes into a path. */
const names: Record<keyof Key, RegExp> = {
  cluster: /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/,
  namespace: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
  name: /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/,
};

/** What an address of the page names. Of its query no more is taken than a filter, a revision and a verb. */
export function placeOf({ pathname, search }: { pathname: string; search: string }): Place {
  const query = new URLSearchParams(search);
  if (pathname === '/') return { screen: 'fleet', filter: query.get('q') ?? '' };
  if (pathname === '/signed-in') return { screen: 'signedIn' };
  const [, cluster = '', namespace = '', name = ''] =
    /^\/c\/([^/]+)\/n\/([^/]+)\/r\/([^/]+)\/?$/.exec(pathname) ?? [];
  const key = { cluster, namespace, name };
  const isNamed = (Object.keys(names) as (keyof Key)[]).every((part) =>
    names[part].test(key[part]),
  );
  if (!isNamed) return { screen: 'unknown' };
  const revision = Number(query.get('revision') ?? Number.NaN);
  const ask = query.get('ask');
  return {
    ...{ screen: 'rollout', key },
    ...(Number.isInteger(revision) && { revision }),
    ...(ask !== null && /^[a-z]{1,20}$/.test(ask) && { ask }),
  };
}

export function fleetAddress(filter = ''): string {
  return filter === '' ? '/' : `/?q=${encodeURIComponent(filter)}`;
}

export function rolloutAddress({ cluster, namespace, name }: Key): string {
  return `/c/${cluster}/n/${namespace}/r/${name}`;
}

export function rolloutPath({ cluster, namespace, name }: Key): string {
  return `/v1/clusters/${cluster}/namespaces/${namespace}/rollouts/${name}`;
}

/** Where somebody may be sent after signing in: a path of this page, and nowhere else. */
export function safeReturn(address: string | null | undefined): string {
  if (typeof address !== 'string' || !/^\/(?![/\\])[^\p{Cc}\\]*$/u.test(address)) return '/';
  const { screen } = placeOf(new URL(address, 'https://page.invalid'));
  return screen === 'fleet' || screen === 'rollout' ? address : '/';
}
