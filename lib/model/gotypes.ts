// Argo's Go types as data: the table that the encoder, the hashes and the checks go by.
// It is printed by test/cluster/types from Argo Rollouts v1.10.1; its README says how.

import table from './gotypes.json' with { type: 'json' };

const scalars = [
  'string',
  'bool',
  'int32',
  'int64',
  'Time',
  'MicroTime',
  'Quantity',
  'IntOrString',
  'RawJSON',
] as const;

export type ScalarName = (typeof scalars)[number];

export type GoType =
  | { kind: 'pointer' | 'slice' | 'map'; of: GoType }
  | { kind: 'struct'; name: string }
  | { kind: 'scalar'; name: ScalarName };

export type GoField = {
  name: string;
  type: GoType;
  omitempty: boolean;
  omitzero: boolean;
  /** What its place in a schema is, and what else is asked of its value: see schema.ts. */
  options: readonly string[];
};

const structs: Readonly<Record<string, readonly string[]>> = table;
const parsed = new Map<string, readonly GoField[]>();

/** What the JSON of each type is: nothing that only a schema or a check goes by. */
export function typesText(): string {
  const form = Object.entries(structs).map(([name, fields]) => [name, fields.map(jsonForm)]);
  return JSON.stringify(Object.fromEntries(form));
}

function jsonForm(field: string): string {
  const [name, notation, ...options] = field.split(' ');
  const kept = options.filter((option) => /^(inline|omitempty|omitzero)$/.test(option));
  return [name, notation, ...kept].join(' ');
}

/** Reads the table's notation: `[]CanaryStep`, `*int32`, `map:string`, `PodTemplateSpec`. */
export function goType(notation: string): GoType {
  if (notation.startsWith('*')) return { kind: 'pointer', of: goType(notation.slice(1)) };
  if (notation.startsWith('[]')) return { kind: 'slice', of: goType(notation.slice(2)) };
  if (notation.startsWith('map:')) return { kind: 'map', of: goType(notation.slice(4)) };
  const scalar = scalars.find((name) => name === notation);
  if (scalar !== undefined) return { kind: 'scalar', name: scalar };
  if (Object.hasOwn(structs, notation)) return { kind: 'struct', name: notation };
  throw new Error(`lib/model/gotypes.json has no type ${notation}`);
}

/** Whether the table has the objects of that kind, and not only a part of a spec that is called so too. */
export function isObjectType(kind: string): boolean {
  return Object.hasOwn(structs, kind) && fieldsOf(kind).some(({ name }) => name === 'metadata');
}

/** The struct's JSON fields in Go's order, those of embedded structs in their place. */
export function fieldsOf(structName: string): readonly GoField[] {
  const known = parsed.get(structName);
  if (known !== undefined) return known;
  const fields = (structs[structName] ?? []).flatMap((line) => {
    const [name = '', notation = '', ...options] = line.split(' ');
    if (options.includes('inline')) return fieldsOf(notation);
    const omitempty = options.includes('omitempty');
    const omitzero = options.includes('omitzero');
    return [{ name, type: goType(notation), omitempty, omitzero, options }];
  });
  parsed.set(structName, fields);
  return fields;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether Go decodes the value into an integer of that many bits. */
export function fitsInteger(value: unknown, bits: 32 | 64): value is number {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false;
  const limit = 2 ** (bits - 1);
  return value >= -limit && value < limit;
}
