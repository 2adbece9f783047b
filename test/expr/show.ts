import {
  type Go,
  goText,
  itemsOf,
  Keyed,
  List,
  Named,
  recordOf,
  typeOf,
} from '../../lib/expr/goValue.ts';
import { quote } from '../../lib/expr/text.ts';
import { Time } from '../../lib/expr/time.ts';

/** A value with its types, as test/cluster/expr/show.go prints it. */
export function show(value: Go): string {
  if (value === null) return 'nil';
  if (value instanceof Time) return value.text();
  if (typeof value === 'string') return quote(value);
  const type = typeOf(value).name;
  if (value instanceof List && value.isNil) return `${type}(nil)`;
  const items = itemsOf(value);
  if (items) return `${type}{${items.map(show).join(', ')}}`;
  if (value instanceof Keyed) return map(type, value.entries());
  const record = recordOf(value);
  if (record) return map(type, Object.entries(record));
  const isPlain = ['boolean', 'bigint', 'number'].includes(typeof value);
  if (isPlain || value instanceof Named || 'value' in (value as object)) {
    return `${type}(${goText(value)})`;
  }
  return type;
}

function map(type: string, entries: [Go, Go][]): string {
  const parts = entries.map(([key, value]) => `${show(key)}: ${show(value)}`);
  return `${type}{${parts.sort((a, b) => (a < b ? -1 : 1)).join(', ')}}`;
}
