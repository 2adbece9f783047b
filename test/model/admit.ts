import { isRecord } from '../../lib/model/gotypes.ts';
import type { Schema } from '../../lib/model/schema.ts';

/** What an API server makes of an object under a schema: what is wrong, and what it drops unasked. */
export type Admission = { faults: string[]; dropped: string[] };

const none: Admission = { faults: [], dropped: [] };

/** As far as the schemas here go: types, required fields, enums, and pruning. */
export function admit(schema: Schema, value: unknown, path = ''): Admission {
  const types = typesOf(schema);
  if (types.length > 0 && !types.includes(typeOf(value))) {
    return { faults: [`${path}: ${typeOf(value)}, not ${types.join(' or ')}`], dropped: [] };
  }
  if (schema.enum && !schema.enum.includes(String(value))) {
    return { faults: [`${path}: not one of ${schema.enum.join()}`], dropped: [] };
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? all(value.map((item, i) => admit(items, item, `${path}[${i}]`))) : none;
  }
  return isRecord(value) ? admitObject(schema, value, path) : none;
}

function admitObject(schema: Schema, value: Record<string, unknown>, path: string): Admission {
  const absent = (schema.required ?? []).filter((name) => value[name] === undefined);
  const members = Object.entries(value).map(([name, item]) => {
    const member = schema.properties?.[name] ?? schema.additionalProperties;
    if (member) return admit(member, item, `${path}.${name}`);
    const isKept = schema['x-kubernetes-preserve-unknown-fields'] || isWhole(schema, path);
    return isKept ? none : { faults: [], dropped: [`${path}.${name}`] };
  });
  return all([
    { faults: absent.map((name) => `${path}.${name}: missing`), dropped: [] },
    ...members,
  ]);
}

/** The metadata of the object itself has no schema: the API server knows it. */
function isWhole({ properties }: Schema, path: string): boolean {
  return path === '.metadata' && properties === undefined;
}

function all(parts: Admission[]): Admission {
  return {
    faults: parts.flatMap(({ faults }) => faults),
    dropped: parts.flatMap(({ dropped }) => dropped),
  };
}

function typesOf(schema: Schema): string[] {
  return schema.anyOf?.map(({ type }) => type) ?? (schema.type ? [schema.type] : []);
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
