import type { ManagedFieldsEntry } from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import { isRecord } from '../../model/gotypes.ts';
import { deepEqual } from '../../model/patch.ts';
import type { Millis } from '../../model/units.ts';
import { toTime } from '../../model/units.ts';

// Who wrote which field, as the API server keeps it for updates and patches: a write takes the
// fields it changed from whoever had them. Serin tells another controller by it.

/** `isSerin`: by its credentials. Its manager's name anybody may use. */
export type Writer = { manager: string; subresource?: string; isSerin?: true };

/** `f:status` → `f:phase` → {}; an empty tree is a field owned whole. Lists are owned whole. */
type Fields = { [field: string]: Fields };

const ownedMetadata = ['labels', 'annotations', 'ownerReferences', 'finalizers'];

/** The entries after a write that turned `before` into `after`. */
export function managedBy(
  writer: Writer,
  write: { before: object | undefined; after: object; apiVersion: string; at: Millis },
): ManagedFieldsEntry[] {
  const before = ownable(write.before);
  const after = ownable(write.after);
  const taken = changed(before, after);
  const lost = removed(before, after);
  const entries = (entriesOf(write.before) ?? []).flatMap((entry) => {
    const kept = without(fieldsOf(entry), isWriter(entry, writer) ? lost : union(taken, lost));
    return isEmpty(kept) ? [] : [{ ...entry, fieldsV1: kept }];
  });
  if (isEmpty(taken)) return entries;
  const own = entries.find((entry) => isWriter(entry, writer));
  const entry: ManagedFieldsEntry = {
    manager: writer.manager,
    operation: 'Update',
    apiVersion: write.apiVersion,
    time: toTime(write.at),
    fieldsType: 'FieldsV1',
    fieldsV1: union(own === undefined ? {} : fieldsOf(own), taken),
    ...defined({ subresource: writer.subresource }),
  };
  return [...entries.filter((other) => other !== own), entry];
}

function entriesOf(object: object | undefined): ManagedFieldsEntry[] | undefined {
  const metadata = (object as { metadata?: { managedFields?: ManagedFieldsEntry[] } } | undefined)
    ?.metadata;
  return metadata?.managedFields;
}

function isWriter(entry: ManagedFieldsEntry, writer: Writer): boolean {
  return entry.manager === writer.manager && entry.subresource === writer.subresource;
}

function fieldsOf(entry: ManagedFieldsEntry): Fields {
  return entry.fieldsV1 as Fields;
}

/** The object without what the server itself writes. */
function ownable(object: object | undefined): { [field: string]: unknown } {
  const { apiVersion, kind, metadata, ...rest } = (object ?? {}) as { [field: string]: unknown };
  const owned = Object.entries(isRecord(metadata) ? metadata : {}).filter(([field]) =>
    ownedMetadata.includes(field),
  );
  return owned.length === 0 ? rest : { ...rest, metadata: Object.fromEntries(owned) };
}

function isEmpty(fields: Fields): boolean {
  return Object.keys(fields).length === 0;
}

/** Fields that `after` has and `before` has not or not like that. */
function changed(before: unknown, after: object): Fields {
  const fields: Fields = {};
  for (const [field, value] of Object.entries(after)) {
    const previous = isRecord(before) ? before[field] : undefined;
    if (previous !== undefined && deepEqual(previous, value)) continue;
    const inner = isRecord(value) ? changed(previous, value) : {};
    if (isRecord(value) && isRecord(previous) && isEmpty(inner)) continue;
    fields[`f:${field}`] = inner;
  }
  return fields;
}

function removed(before: object, after: object): Fields {
  const fields: Fields = {};
  for (const [field, previous] of Object.entries(before)) {
    const value = (after as { [field: string]: unknown })[field];
    if (value === undefined) fields[`f:${field}`] = {};
    else if (isRecord(previous) && isRecord(value)) {
      const inner = removed(previous, value);
      if (!isEmpty(inner)) fields[`f:${field}`] = inner;
    }
  }
  return fields;
}

function union(left: Fields, right: Fields): Fields {
  const fields: Fields = { ...left };
  for (const [field, inner] of Object.entries(right)) {
    const other = fields[field];
    fields[field] = other === undefined ? inner : union(other, inner);
  }
  return fields;
}

function without(fields: Fields, taken: Fields): Fields {
  const left: Fields = {};
  for (const [field, inner] of Object.entries(fields)) {
    const gone = taken[field];
    if (gone === undefined) left[field] = inner;
    else if (!isEmpty(gone) && !isEmpty(inner)) {
      const rest = without(inner, gone);
      if (!isEmpty(rest)) left[field] = rest;
    }
  }
  return left;
}
