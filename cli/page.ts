import type { RolloutKey } from '../lib/model/key.ts';

type Where = {
  /** Absent: the list of all. */
  key?: Pick<RolloutKey, 'cluster' | 'namespace' | 'name'> | undefined;
  /** Of a server on this machine. It stands behind the `#`, which a browser sends to nobody. */
  token?: string | undefined;
};

/** Where Serin's page is, as page/addresses.ts reads it. */
export function pageAddress(server: string, { key, token }: Where = {}): string {
  const path = key === undefined ? '/' : `/c/${key.cluster}/n/${key.namespace}/r/${key.name}`;
  return `${server}${path}${token === undefined ? '' : `#${token}`}`;
}
