import type { Document, DocumentKey, DocumentKind } from '../model/documents.ts';
import type { Millis } from '../model/units.ts';
import type { Documents, Page } from '../world.ts';
import {
  documentItem,
  documentKey,
  documentsPartition,
  hasExpired,
  readDocument,
} from './items.ts';
import { type PageOptions, page, partition, remove, writtenByOther } from './query.ts';
import type { Expression, Table } from './table.ts';

/** The documents of the table. */
export function documentsOn(table: Table, now: () => Millis): Documents {
  return {
    get: async <K extends DocumentKind>(key: DocumentKey<K>) => {
      const item = await table.get(documentKey(key));
      return item === undefined || hasExpired(item, now()) ? undefined : readDocument<K>(item);
    },
    put: async (document) => {
      const version = document.version + 1;
      const condition = unchanged(document.version, now());
      if (!(await table.put(documentItem(document, version), condition))) throw writtenByOther();
      return { ...document, version };
    },
    remove: (key, version) => remove(table, documentKey(key), version),
    list: (place, options) => list(table, now, place, options),
  };
}

/** That the item is the one that was read: one that has expired counts as not there. */
function unchanged(version: number, now: Millis): Expression {
  return version === 0
    ? { text: 'attribute_not_exists(pk) OR expiresAt <= :now', values: { ':now': now } }
    : {
        text: 'version = :read AND (attribute_not_exists(expiresAt) OR expiresAt > :now)',
        values: { ':read': version, ':now': now },
      };
}

async function list<K extends DocumentKind>(
  table: Table,
  now: () => Millis,
  place: Omit<DocumentKey<K>, 'id'>,
  { limit, cursor }: PageOptions,
): Promise<Page<Document<K>>> {
  const key = partition(documentsPartition(place));
  const { items, ...rest } = await page(table, { key, after: cursor, limit });
  const kept = items.filter((item) => !hasExpired(item, now()));
  return { items: kept.map((item) => readDocument<K>(item)), ...rest };
}
