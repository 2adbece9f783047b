import { type Budget, fail, tooDeep, valueDepthMax } from './failure.ts';
import * as values from './goValue.ts';
import { type Go, itemsOf, typeText } from './goValue.ts';

/** As Go's json.MarshalIndent with two spaces. */
export function toJson(value: Go, budget: Budget): string {
  return written(value, { indent: '', depth: 0, budget });
}

type Place = { indent: string; depth: number; budget: Budget };

function written(value: Go, { indent, depth, budget }: Place): string {
  if (depth > valueDepthMax) return tooDeep();
  budget.walk(indent.length);
  if (value === null || values.isNilValue(value)) return 'null';
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return number(value);
  if (value instanceof values.Sized) return String(value.value);
  if (value instanceof values.Named) return value.json();
  const inner = { indent: `${indent}  `, depth: depth + 1, budget };
  const items = itemsOf(value);
  if (items) {
    return block(
      '[',
      items.map((item) => written(item, inner)),
      ']',
      indent,
    );
  }
  const record = value instanceof values.Struct ? value.fields : values.recordOf(value);
  if (record) {
    const names = Object.keys(record);
    if (!(value instanceof values.Struct)) names.sort();
    const fields = names.map((name) => `${text(name)}: ${written(record[name] ?? null, inner)}`);
    return block('{', fields, '}', indent);
  }
  if (value instanceof values.Other) return fail(`json: unsupported type: ${typeText(value)}`);
  return String(value);
}

function block(start: string, parts: string[], end: string, indent: string): string {
  if (parts.length === 0) return start + end;
  return `${start}\n${parts.map((part) => `${indent}  ${part}`).join(',\n')}\n${indent}${end}`;
}

function number(value: number): string {
  if (!Number.isFinite(value)) {
    const name = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
    return fail(`json: unsupported value: ${name}`);
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Go also escapes what HTML and JavaScript would take for their own. */
function text(value: string): string {
  return JSON.stringify(value.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** As Go's json.Unmarshal; what is wrong is said in JavaScript's words. */
export function fromJson(source: string): Go {
  if (source.trim() === '') return fail('unexpected end of JSON input');
  try {
    return JSON.parse(source, (_key, value: unknown) => {
      if (typeof value === 'number' && !Number.isFinite(value)) {
        fail('json: cannot unmarshal number into Go value of type float64');
      }
      return value;
    }) as Go;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}
