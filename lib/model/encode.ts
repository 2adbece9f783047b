// Go's JSON, byte for byte: what Go would write after decoding a value into one of its types.
// Fields stand in the struct's order, empty ones go as their tags say, unknown ones are dropped,
// and every leaf has Go's own form. The hashes of hash.ts rest on it.

import { canonicalTime, type TimeFormat } from './gotime.ts';
import type { GoField, GoType, ScalarName } from './gotypes.ts';
import { fieldsOf, fitsInteger, goType, isRecord } from './gotypes.ts';
import { canonicalQuantity } from './quantity.ts';

/**
 * The value as Go encodes it, for a type in the table's notation, as `[]CanaryStep`.
 * What the API server keeps as raw JSON comes out with sorted keys, as it stores it. Integers
 * beyond 2^53 are lost to JSON.parse before they come here. Throws where Go could not decode the
 * value; checkStructure finds that out beforehand.
 */
export function encodeGo(typeName: string, value: unknown): string {
  return encode(goType(typeName), value ?? null);
}

function encode(type: GoType, value: unknown): string {
  switch (type.kind) {
    case 'pointer':
      return value === null ? 'null' : encode(type.of, value);
    case 'slice':
      return encodeSlice(type.of, value);
    case 'map':
      return encodeMap(value, (item) => encode(type.of, item));
    case 'struct':
      return encodeStruct(type.name, value);
    case 'scalar':
      return encodeScalar(type.name, value);
  }
}

function encodeSlice(element: GoType, value: unknown): string {
  if (value === null) return 'null';
  if (!Array.isArray(value)) throw refusal('a list', value);
  return `[${value.map((item) => encode(element, item ?? null)).join(',')}]`;
}

function encodeMap(value: unknown, encodeItem: (item: unknown) => string): string {
  if (value === null) return 'null';
  if (!isRecord(value)) throw refusal('a map', value);
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => [key.toWellFormed(), item] as const)
    .sort(([a], [b]) => compareBytes(a, b));
  const members = entries.map(([key, item]) => `${encodeString(key)}:${encodeItem(item)}`);
  return `{${members.join(',')}}`;
}

function encodeStruct(name: string, value: unknown): string {
  // null leaves a Go struct as it was made: with every field zero.
  const fields: unknown = value ?? {};
  if (!isRecord(fields)) throw refusal('an object', value);
  const members = fieldsOf(name).flatMap((field) => {
    const member = Object.hasOwn(fields, field.name) ? fields[field.name] : undefined;
    if (isLeftOut(field, member)) return [];
    return [`"${field.name}":${encode(field.type, member ?? null)}`];
  });
  return `{${members.join(',')}}`;
}

function isLeftOut({ type, omitempty, omitzero }: GoField, value: unknown): boolean {
  if (omitzero && encode(type, value ?? null) === 'null') return true;
  return omitempty && isEmpty(type, value);
}

// Go calls an object, a time, a quantity or a union never empty.
function isEmpty(type: GoType, value: unknown): boolean {
  if (type.kind === 'struct') return false;
  if (type.kind !== 'scalar') return isNothing(value) || (type.kind !== 'pointer' && isBare(value));
  switch (type.name) {
    case 'string':
      return isNothing(value) || value === '';
    case 'bool':
      return isNothing(value) || value === false;
    case 'int32':
    case 'int64':
      return isNothing(value) || value === 0;
    case 'RawJSON':
      return value === undefined;
    default:
      return false;
  }
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}

function isBare(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && !hasMember(value);
}

function hasMember(value: Record<string, unknown>): boolean {
  return Object.values(value).some((item) => item !== undefined);
}

function encodeScalar(name: ScalarName, value: unknown): string {
  switch (name) {
    case 'string':
      if (typeof value === 'string') return encodeString(value);
      return zeroUnless(value === null, '""', 'a string', value);
    case 'bool':
      if (typeof value === 'boolean') return String(value);
      return zeroUnless(value === null, 'false', 'true or false', value);
    case 'int32':
    case 'int64':
      if (fitsInteger(value, name === 'int32' ? 32 : 64)) return String(value);
      return zeroUnless(value === null, '0', `an ${name}`, value);
    case 'IntOrString':
      if (typeof value === 'string') return encodeString(value);
      if (fitsInteger(value, 32)) return String(value);
      return zeroUnless(value === null, '0', 'an int32 or a string', value);
    case 'Quantity':
      return encodeQuantity(value);
    case 'Time':
    case 'MicroTime':
      return encodeTime(value, name);
    case 'RawJSON':
      return encodeRaw(value);
  }
}

function zeroUnless(isNull: boolean, zero: string, wanted: string, value: unknown): string {
  if (isNull) return zero;
  throw refusal(wanted, value);
}

function encodeQuantity(value: unknown): string {
  if (value === null) return '"0"';
  const isText = typeof value === 'string' || typeof value === 'number';
  const text = isText ? canonicalQuantity(value) : undefined;
  if (text === undefined) throw refusal('a quantity', value);
  return `"${text}"`;
}

function encodeTime(value: unknown, format: TimeFormat): string {
  if (value === null) return 'null';
  const time = typeof value === 'string' ? canonicalTime(value, format) : undefined;
  if (time === undefined) throw refusal('a time', value);
  return time === null ? 'null' : `"${time}"`;
}

function encodeRaw(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  // JavaScript writes every finite number as Go's encoder does.
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return encodeString(value);
  if (Array.isArray(value)) return `[${value.map((item) => encodeRaw(item ?? null)).join(',')}]`;
  return encodeMap(value, encodeRaw);
}

function encodeString(text: string): string {
  return goJson(text.toWellFormed());
}

/**
 * JSON as Go writes it of a value whose fields stand in Go's order: beyond what JSON must escape, Go escapes
 * what could end a script element or a line in a browser.
 */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Orders strings by their UTF-8 bytes, as Go sorts map keys; that is by code points. */
function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const difference = codePointRank(a.charCodeAt(i)) - codePointRank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

// Surrogates stand for code points above all others, yet their units lie below U+E000.
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function refusal(wanted: string, value: unknown): Error {
  return new TypeError(`Go would not decode this as ${wanted}: ${typeof value} ${value}`);
}
