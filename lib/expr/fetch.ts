import { equal, toIndex } from './arithmetic.ts';
import { chargeAll } from './cost.ts';
import { type Budget, fail } from './failure.ts';
import * as values from './goValue.ts';
import { type Go, goText, itemsOf, kindText, typeText } from './goValue.ts';
import { byteLength, bytesOf, isAscii, textOf } from './text.ts';
import { isAssignable } from './types.ts';

/** An element or field of a value. expr v1.17.7 vm/runtime/runtime.go Fetch */
export function fetch(whole: Go, index: Go): Go {
  if (whole instanceof values.Named && typeof index === 'string') {
    const method = whole.method(index);
    const type = whole.type.methods?.()[index];
    if (method && type) return new values.Func(type, method);
  }
  const length = lengthOf(whole);
  if (length !== undefined) return elementAt(whole, indexIn(index, length), length);
  const field = fieldOf(whole, index);
  return field !== undefined
    ? field
    : fail(`cannot fetch ${goText(index)} from ${typeText(whole)}`);
}

/** Of a list or text. */
function lengthOf(whole: Go): number | undefined {
  return typeof whole === 'string' ? byteLength(whole) : itemsOf(whole)?.length;
}

function indexIn(index: Go, length: number): number {
  const at = toIndex(index);
  return at < 0 ? length + at : at;
}

function elementAt(whole: Go, at: number, length: number): Go {
  if (at < 0 || at >= length) fail(`index out of range: ${at} (array length is ${length})`);
  return typeof whole === 'string' ? values.byteAt(whole, at) : (itemsOf(whole)?.[at] ?? null);
}

/** Of a map or struct; undefined for all else. */
function fieldOf(whole: Go, index: Go): Go | undefined {
  if (whole instanceof values.Struct) {
    const isKnown = typeof index === 'string' && Object.hasOwn(whole.fields, index);
    return isKnown ? (whole.fields[index] ?? null) : undefined;
  }
  if (kindText(whole) !== 'map') return undefined;
  const found = inMap(whole, index);
  if (found !== undefined) return found;
  return values.typeOf(whole).elem?.kind === 'slice' ? values.nilList : null;
}

/** The value of a key, undefined if there is none. A key of another type is refused. */
function inMap(whole: Go, index: Go): Go | undefined {
  const key = values.typeOf(whole).key;
  if (key && index !== null && !isAssignable(values.typeOf(index), key)) {
    const type = typeText(index);
    fail(`reflect.Value.MapIndex: value of type ${type} is not assignable to type ${key.name}`);
  }
  if (whole instanceof values.Keyed) {
    const zero = key?.kind === 'int' ? 0n : key?.kind === 'string' ? '' : null;
    return whole.get(index ?? zero);
  }
  const record = values.recordOf(whole);
  const name = typeof index === 'string' ? index : '';
  return record && Object.hasOwn(record, name) ? (record[name] ?? null) : undefined;
}

/** As `fetch`, but nil where there is nothing. expr v1.17.7 builtin/lib.go get */
export function get(whole: Go, index: Go): Go {
  if (whole === null) return null;
  if (whole instanceof values.Named) {
    return typeof index === 'string' && whole.method(index) ? fetch(whole, index) : null;
  }
  const length = lengthOf(whole);
  if (length !== undefined) {
    const at = indexIn(index, length);
    return at >= 0 && at < length ? elementAt(whole, at, length) : null;
  }
  if (kindText(whole) === 'map') return inMap(whole, index) ?? null;
  if (!(whole instanceof values.Struct)) return null;
  if (typeof index === 'string') return fieldOf(whole, index) ?? null;
  const type = index === null ? 'nil' : typeText(index);
  return fail(`interface conversion: interface {} is ${type}, not string`);
}

/** expr v1.17.7 vm/runtime/runtime.go In */
export function isIn(needle: Go, whole: Go, budget: Budget): boolean {
  if (whole === null) return false;
  const items = itemsOf(whole);
  if (items) {
    return items.some((item) => equal(item, needle, budget));
  }
  if (kindText(whole) === 'map') {
    chargeAll(needle, budget);
    return inMap(whole, needle) !== undefined;
  }
  if (whole instanceof values.Struct) {
    if (typeof needle === 'string') return Object.hasOwn(whole.fields, needle);
    return fail(`cannot use ${typeText(needle)} as field name of ${typeText(whole)}`);
  }
  return fail(`operator "in" not defined on ${typeText(whole)}`);
}

/** What a slice without an end asks of a value first. */
export function needLength(whole: Go): void {
  if (lengthOf(whole) !== undefined || kindText(whole) === 'map') return;
  fail(`invalid argument for len (type ${typeText(whole)})`);
}

/** Without `to`, up to the end. expr v1.17.7 vm/runtime/runtime.go Slice */
export function slice(whole: Go, from: Go | undefined, to: Go | undefined, budget: Budget): Go {
  const length = lengthOf(whole);
  if (length === undefined) return fail(`cannot slice ${goText(from ?? 0n)}`);
  const place = (index: Go | undefined, otherwise: number): number => {
    const at = index === undefined ? otherwise : indexIn(index, length);
    return Math.min(Math.max(at, 0), length);
  };
  const start = from === undefined ? 0 : Math.max(0, indexIn(from, length));
  const end = place(to, length);
  return part(whole, Math.min(start, end), end, budget);
}

export function part(whole: Go, start: number, end: number, budget: Budget): Go {
  if (typeof whole === 'string') {
    if (isAscii(whole)) return whole.slice(start, end);
    return textOf(bytesOf(whole).slice(start, end));
  }
  budget.grow(Math.max(0, end - start));
  if (Array.isArray(whole)) return whole.slice(start, end);
  const items = itemsOf(whole) ?? [];
  const type = values.typeOf(whole);
  return new values.List(type, items.slice(start, end), values.isNilValue(whole));
}
