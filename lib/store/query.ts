import { Conflict } from '../errors.ts';
import type { Page } from '../world.ts';
import type { Expression, Item, ItemKey, Query, Table } from './table.ts';

// The conditions, writes and queries that records, the ledger and documents have in common.

export type PageOptions = { limit: number; cursor?: string };

export const isNew: Expression = { text: 'attribute_not_exists(pk)' };

export function isVersion(version: number): Expression {
  return { text: 'version = :read', values: { ':read': version } };
}

export function writtenByOther(): Conflict {
  return new Conflict('the item was written by somebody else');
}

/** One that is not there is removed already: the SDK may have sent the delete twice. */
export async function remove(table: Table, key: ItemKey, version: number): Promise<void> {
  const text = 'attribute_not_exists(pk) OR version = :read';
  const isRead = { text, values: { ':read': version } };
  if (!(await table.remove(key, isRead))) throw writtenByOther();
}

/** The items of a partition, or those of them whose sort keys begin so. */
export function partition(pk: string, prefix = ''): Expression {
  return partitionOf('pk', pk, prefix);
}

/** The same, of an index whose items lie together by another attribute. */
export function partitionOf(attribute: string, value: string, prefix = ''): Expression {
  const text = `${attribute} = :pk`;
  return prefix === ''
    ? { text, values: { ':pk': value } }
    : { text: `${text} AND begins_with(sk, :prefix)`, values: { ':pk': value, ':prefix': prefix } };
}

/** One page and the cursor after it, which is there only if something follows. */
export async function page(table: Table, query: Query): Promise<Page<Item>> {
  const { items, more } = await table.query({ ...query, limit: query.limit + 1 });
  const kept = items.slice(0, query.limit);
  const last = kept.at(-1)?.sk;
  return {
    items: kept,
    ...((more || items.length > query.limit) && last !== undefined ? { cursor: last } : {}),
  };
}
