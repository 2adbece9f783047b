import { Terminal } from '../errors.ts';
import type { Document, DocumentKey, DocumentKind } from '../model/documents.ts';
import { type AnyKey, type Key, keyText, type RolloutKey } from '../model/key.ts';
import { kindNames, rowOf } from '../model/kinds.ts';
import {
  type AnyRecord,
  type Envelope,
  type LedgerEntry,
  ledgerKinds,
  type RolloutRecord,
} from '../model/record.ts';
import { type RolloutRow, rolloutRow } from '../model/rolloutRow.ts';
import type { Millis } from '../model/units.ts';
import type { Due, Unreadable } from '../world.ts';
import type { Item, ItemKey } from './table.ts';
import { dueShards } from './tableDefinition.ts';
import { documentUpgrades, recordUpgrades } from './upgrades.ts';

// How records and ledger entries lie in the table. What a condition or an index needs is an attribute
// of its own; the rest is one JSON string, which costs less than marshalling every field.

type Body = Record<string, unknown>;
/** Turns a body of one schema into a body of the next. */
type Upgrade = (body: Body) => Body;

/** Of the body's shape. Older items are upgraded when they are read. */
const recordSchema = 2;
const ledgerSchema = 1;
/** Of documents of all kinds: one that changes gets an upgrade that leaves the others as they are. */
const documentSchema = 2;

/** By the schema they start from. Schema 1 is the first, so there are none yet. */
const ledgerUpgrades: Record<number, Upgrade> = {};

// Encoded, so that a `/` or `#` inside a name cannot make two keys one. Valid Kubernetes and EKS names
// stay as they are.
const enc = encodeURIComponent;

/** Each kind has its own: what lists one meets with no other. */
export function recordsPartition({ cluster, kind }: Pick<AnyKey, 'cluster' | 'kind'>): string {
  const plural = kind === 'Delivery' ? deliveries : rowOf(kind ?? 'Rollout').plural;
  return `${plural}#${enc(cluster)}`;
}
const deliveries = 'deliveries';

/** What the sort keys of a namespace start with. */
export function namespacePrefix(namespace: string): string {
  return `${enc(namespace)}/`;
}

export function recordKey(key: AnyKey): ItemKey {
  return {
    pk: recordsPartition(key),
    sk: namespacePrefix(key.namespace) + enc(key.name),
  };
}

function versionOf(item: Item): number {
  return numberOf(item.version) ?? damaged(item, 'has no version');
}

/** The item of a record in the version it is about to get. */
export function recordItem(record: AnyRecord, version: number): Item {
  const { version: _, isUnlisted: __, dueAt, queuedFor, ...body } = record as Envelope;
  return {
    ...recordKey(record.key),
    schema: recordSchema,
    version,
    ...listed(record),
    ...(dueAt === undefined ? {} : { dueAt, dueShard: shardOf(record.key) }),
    ...(queuedFor === undefined ? {} : { queuedFor }),
    body: JSON.stringify(body),
  };
}

/** A rollout that has been looked at is in the index of the fleet. */
function listed(record: AnyRecord): { fleet?: string; row?: string } {
  if (!isOfRollout(record.key)) return {};
  const { key, view } = record as RolloutRecord;
  if (view === undefined) return {};
  return { fleet: enc(key.cluster), row: JSON.stringify(rolloutRow(view)) };
}

export function fleetKeys(cluster: string): { pk: string; fleet: string } {
  return { pk: recordsPartition({ cluster }), fleet: enc(cluster) };
}

function isOfRollout({ kind }: AnyKey): boolean {
  return kind === undefined;
}

/** The rows of a page of the fleet, and the rollouts whose records cannot be read. */
export function readRows(items: Item[]): { items: RolloutRow[]; unreadable: Unreadable[] } {
  return readAll(items, (item) => {
    requireKnown(item, recordSchema);
    return { ...(keyIn(item) as RolloutKey), ...JSON.parse(String(item.row)) };
  });
}

/** `R`: the type of the records of that kind. */
export function readRecord<R extends AnyRecord>(item: Item): R {
  const body = readBody(item, recordSchema, recordUpgrades);
  const isUnlisted = item.row === undefined && 'view' in body && isOfRollout(keyIn(item));
  const dueAt = numberOf(item.dueAt);
  const queuedFor = numberOf(item.queuedFor);
  return {
    ...body,
    version: versionOf(item),
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(queuedFor === undefined ? {} : { queuedFor }),
    ...(isUnlisted && { isUnlisted }),
  } as R;
}

/** The records of a page of rollouts, and those that cannot be read. */
export function readRecords(items: Item[]): { items: RolloutRecord[]; unreadable: Unreadable[] } {
  return readAll(items, (item) => readRecord<RolloutRecord>(item));
}

function readAll<T>(
  items: Item[],
  read: (item: Item) => T,
): { items: T[]; unreadable: Unreadable[] } {
  const found: T[] = [];
  const unreadable: Unreadable[] = [];
  for (const item of items) {
    try {
      found.push(read(item));
    } catch (error) {
      if (!(error instanceof Terminal)) throw error;
      unreadable.push({ key: keyIn(item) as RolloutKey, reason: error.message });
    }
  }
  return { items: found, unreadable };
}

/** What a list that goes on behind this rollout takes for its cursor. */
export function cursorAfter(key: AnyKey): string {
  return recordKey(key).sk;
}

function keyIn(item: Item): AnyKey {
  const [plural, cluster] = item.pk.split('#');
  const [namespace, name] = item.sk.split('/');
  const found = kindNames.find((each) => rowOf(each).plural === plural);
  const kind = plural === deliveries ? 'Delivery' : found;
  if (!kind || cluster === undefined || namespace === undefined || name === undefined) {
    return damaged(item, 'has a key that names no object of a kind that this Serin knows');
  }
  return {
    ...(kind !== 'Rollout' && { kind }),
    cluster: decodeURIComponent(cluster),
    namespace: decodeURIComponent(namespace),
    name: decodeURIComponent(name),
  } as AnyKey;
}

/** Reads an item of the due index, which has the keys and a few attributes but no body. */
export function readDue(item: Item): Due {
  const queuedFor = numberOf(item.queuedFor);
  return {
    key: keyIn(item),
    dueAt: numberOf(item.dueAt) ?? damaged(item, 'is in the due index without a time'),
    version: versionOf(item),
    ...(queuedFor === undefined ? {} : { queuedFor }),
  };
}

export function ledgerPartition({ cluster, kind, namespace, name }: Key): string {
  const place = [cluster, namespace, name].map(enc).join('/');
  return kind === undefined ? `ledger#${place}` : `ledger#${kind}/${place}`;
}

export function ledgerItem(key: Key, entry: LedgerEntry): Item {
  const { resourceVersion, createdAt, acceptedAt, kind, uid, intentId = '' } = entry;
  // Items without it were stored first, and stay before all others.
  const lifetime = createdAt === undefined ? [] : [`~~${sortableTime(createdAt)}`];
  const rank = String(ledgerKinds.indexOf(kind)).padStart(2, '0');
  // Behind all kinds.
  const place = acceptedAt === undefined ? [rank] : ['99', sortableTime(acceptedAt)];
  const parts = [sortableVersion(resourceVersion), ...place, enc(kind), enc(uid), enc(intentId)];
  return {
    pk: ledgerPartition(key),
    sk: [...lifetime, ...parts].join('#'),
    schema: ledgerSchema,
    body: JSON.stringify(entry),
  };
}

export function readLedgerEntry(item: Item): LedgerEntry {
  return readBody(item, ledgerSchema, ledgerUpgrades) as unknown as LedgerEntry;
}

export function documentsPartition({ kind, of }: Omit<DocumentKey, 'id'>): string {
  return of === undefined ? kind : `${kind}#${enc(of)}`;
}

export function documentKey(key: DocumentKey): ItemKey {
  return { pk: documentsPartition(key), sk: enc(key.id) };
}

/** The item of a document in the version it is about to get. */
export function documentItem(document: Document, version: number): Item {
  const { expiresAt, body } = document;
  return {
    ...documentKey(document),
    schema: documentSchema,
    version,
    body: JSON.stringify(body),
    // DynamoDB deletes by whole seconds, some time later: no condition rests on that one.
    ...(expiresAt === undefined
      ? {}
      : { expiresAt, expiresAtSeconds: Math.ceil(expiresAt / 1000) }),
  };
}

export function readDocument<K extends DocumentKind>(item: Item): Document<K> {
  const [kind, of] = item.pk.split('#');
  const expiresAt = numberOf(item.expiresAt);
  return {
    kind: kind as K,
    ...(of === undefined ? {} : { of: decodeURIComponent(of) }),
    id: decodeURIComponent(item.sk),
    version: versionOf(item),
    body: readBody(item, documentSchema, documentUpgrades) as unknown as Document<K>['body'],
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** Whether the item counts as not there. */
export function hasExpired(item: Item, now: Millis): boolean {
  const expiresAt = numberOf(item.expiresAt);
  return expiresAt !== undefined && expiresAt <= now;
}

/**
 * Resource versions in the order of their size. Since Kubernetes 1.35 they are promised to be integers;
 * one that is not sorts after all that are, which keeps it readable though not in its place.
 */
function sortableVersion(resourceVersion: string): string {
  return /^\d{1,20}$/.test(resourceVersion)
    ? resourceVersion.padStart(20, '0')
    : `~${enc(resourceVersion)}`;
}

function sortableTime(time: Millis): string {
  return String(time).padStart(16, '0');
}

function readBody(item: Item, known: number, upgrades: Record<number, Upgrade>): Body {
  const schema = requireKnown(item, known);
  let body = parse(item);
  for (let from = schema; from < known; from++) {
    body = upgrades[from]?.(body) ?? damaged(item, `has schema ${schema}, which never was`);
  }
  return body;
}

/** The schema of an item, which is none of a newer Serin. */
function requireKnown(item: Item, known: number): number {
  const schema = numberOf(item.schema) ?? damaged(item, 'has no schema');
  if (schema <= known) return schema;
  const newer = `the item ${item.pk} ${item.sk} was written by a newer Serin`;
  throw new Terminal(`${newer} (schema ${schema}, this one knows ${known}): upgrade this Serin`);
}

function parse(item: Item): Body {
  try {
    return JSON.parse(String(item.body));
  } catch {
    return damaged(item, 'has a body that is not JSON');
  }
}

function damaged(item: Item, how: string): never {
  const which = `the item ${item.pk} ${item.sk}`;
  throw new Terminal(`${which} ${how}: restore it from a backup, or delete it to start afresh`);
}

/** FNV-1a: any stable hash would do. Changing it strands what is due until it is next written. */
function shardOf(key: AnyKey): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(keyText(key))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return dueShards[hash % dueShards.length] ?? dueShards[0];
}

function numberOf(value: string | number | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
