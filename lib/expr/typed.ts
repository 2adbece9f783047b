import { type Go, List, Sized, Struct } from './goValue.ts';
import { Time } from './time.ts';
import { timeType } from './timeTypes.ts';
import type { GoType } from './types.ts';
import * as types from './types.ts';
import type { Value } from './value.ts';

/** The types in which the peer's providers give their results, where they are not those of JSON. */
export const results = {
  /** Prometheus' vectors and matrices, and Wavefront's several series. */
  floats: types.floats,
  /** New Relic's several rows: one row is of the type `nrdb.NRDBResult`. */
  rows: types.slice({ ...types.record, name: 'nrdb.NRDBResult' }),
  row: { ...types.record, name: 'nrdb.NRDBResult' },
} satisfies Record<string, GoType>;

/** A value as the Go type has it. */
export function typed(value: Value, type?: GoType): Go {
  if (value === null || type === undefined || type.kind === 'interface') return value;
  if (type.kind === 'slice' && Array.isArray(value)) {
    return new List(
      type,
      value.map((item) => typed(item, type.elem)),
    );
  }
  if (type.name === timeType.name && typeof value === 'string') return new Time(0n);
  if (type.kind === 'int64' && typeof value === 'bigint') return new Sized(type, value);
  if (type.kind === 'struct' && typeof value === 'object' && !Array.isArray(value)) {
    const fields = Object.entries(type.fields ?? {}).map(([name, field]): [string, Go] => [
      name,
      typed(value[name] ?? null, field),
    ]);
    return new Struct(type, Object.fromEntries(fields));
  }
  return value;
}
