// Does a manifest have the shape of its type? Finds what Go's decoder would refuse, and the fields
// it would drop without a word. What values mean is not judged here.

import { canonicalTime } from './gotime.ts';
import type { GoType, ScalarName } from './gotypes.ts';
import { fieldsOf, fitsInteger, goType, isRecord } from './gotypes.ts';
import { nearestName } from './nearest.ts';
import { canonicalQuantity } from './quantity.ts';

/** The path is written as Kubernetes writes it: spec.strategy.canary.steps[0].setWeight */
export type Fault = { path: string; message: string; kind: 'type' | 'unknown' };

/** All faults of the value for a type in the table's notation, in the order of the value. */
export function checkStructure(typeName: string, value: unknown): Fault[] {
  return check(goType(typeName), value, '');
}

/** The faults of a value at a path, for a type in the table's notation: `bool`, `LabelSelector`. */
export function checkValue(notation: string, value: unknown, path: string): Fault[] {
  return check(goType(notation), value, path);
}

/** The value without what has faults. An item of a list leaves a zero value: the others keep their places. */
export function soundPart(typeName: string, value: unknown): unknown {
  return sound(goType(typeName), value);
}

/** Other findings, but for those that follow from the faults: of their fields, within or just around. */
export function besides<T extends { path: string }>(
  others: readonly T[],
  faults: readonly { path: string }[],
): T[] {
  const faulty = new Set(faults.flatMap(({ path }) => [path, aroundOf(path)]));
  const within = faults.flatMap(({ path }) => [`${path}.`, `${path}[`]);
  return others.filter(
    ({ path }) => !faulty.has(path) && !within.some((start) => path.startsWith(start)),
  );
}

function aroundOf(path: string): string {
  return path.replace(/(\.[^.[\]]*|\[[^\]]*\])$/, '');
}

function sound(type: GoType, value: unknown): unknown {
  if (check(type, value, '').length === 0) return value;
  if (type.kind === 'pointer') return sound(type.of, value);
  if (type.kind === 'slice' && Array.isArray(value)) {
    const { of } = type;
    return value.map((item) => sound(of, item) ?? zero(of));
  }
  if (type.kind === 'map' && isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => kept(key, sound(type.of, item))),
    );
  }
  if (type.kind !== 'struct' || !isRecord(value)) return undefined;
  const fields = fieldsOf(type.name).filter(({ name }) => Object.hasOwn(value, name));
  return Object.fromEntries(
    fields.flatMap(({ name, type: inner }) => kept(name, sound(inner, value[name]))),
  );
}

function kept(name: string, value: unknown): [string, unknown][] {
  return value === undefined ? [] : [[name, value]];
}

function zero(type: GoType): unknown {
  if (type.kind === 'slice') return [];
  if (type.kind !== 'scalar') return {};
  return type.name === 'string' ? '' : 0;
}

function check(type: GoType, value: unknown, path: string): Fault[] {
  // null stands for the zero value of every Go type.
  if (value === null || value === undefined) return [];
  switch (type.kind) {
    case 'pointer':
      return check(type.of, value, path);
    case 'slice':
      if (!Array.isArray(value)) return fault(path, `must be a list, not ${naming(value)}`);
      return value.flatMap((item, index) => check(type.of, item, `${path}[${index}]`));
    case 'map':
      if (!isRecord(value)) {
        return fault(path, `must be an object of names and values, not ${naming(value)}`);
      }
      return Object.entries(value).flatMap(([key, item]) =>
        check(type.of, item, `${path}[${key}]`),
      );
    case 'struct':
      return checkStruct(type.name, value, path);
    case 'scalar':
      return checkScalar(type.name, value, path);
  }
}

function checkStruct(name: string, value: unknown, path: string): Fault[] {
  if (!isRecord(value)) return fault(path, `must be an object, not ${naming(value)}`);
  const fields = new Map(fieldsOf(name).map((field) => [field.name, field.type]));
  return Object.entries(value).flatMap(([key, item]) => {
    const memberPath = path === '' ? key : `${path}.${key}`;
    const type = fields.get(key);
    if (type !== undefined) return check(type, item, memberPath);
    return [{ path: memberPath, message: unknownField(key, [...fields.keys()]), kind: 'unknown' }];
  });
}

function unknownField(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return `is an unknown field; did you mean ${nearest}?`;
  return 'is an unknown field; remove it, or move it to the object that it belongs to';
}

function checkScalar(name: ScalarName, value: unknown, path: string): Fault[] {
  switch (name) {
    case 'string':
      if (typeof value === 'string') return [];
      return fault(path, `must be a string, not ${naming(value)}${quoteHint(value)}`);
    case 'bool':
      if (typeof value === 'boolean') return [];
      return fault(path, `must be true or false, not ${naming(value)}${unquoteHint(value)}`);
    case 'int32':
    case 'int64':
      if (fitsInteger(value, name === 'int32' ? 32 : 64)) return [];
      return fault(path, `must be a whole number, not ${naming(value)}${integerHint(value)}`);
    case 'IntOrString':
      if (typeof value === 'string' || fitsInteger(value, 32)) return [];
      return fault(
        path,
        `must be a whole number or a string, not ${naming(value)}${integerHint(value)}`,
      );
    case 'Quantity':
      return checkQuantity(value, path);
    case 'Time':
    case 'MicroTime': {
      if (typeof value === 'string' && canonicalTime(value, name) !== undefined) return [];
      const example = name === 'Time' ? '2026-01-31T12:00:00Z' : '2026-01-31T12:00:00.000000Z';
      return fault(path, `must be a time such as "${example}", not ${naming(value)}`);
    }
    case 'RawJSON':
      return [];
  }
}

function checkQuantity(value: unknown, path: string): Fault[] {
  const isText = typeof value === 'string' || typeof value === 'number';
  if (isText && canonicalQuantity(value) !== undefined) return [];
  return fault(path, `must be a quantity such as 500m, 2 or 1Gi, not ${naming(value)}`);
}

function fault(path: string, message: string): Fault[] {
  return [{ path, message, kind: 'type' }];
}

function naming(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') {
    return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  }
  return isRecord(value) ? 'an object' : String(value);
}

function quoteHint(value: unknown): string {
  const isBare = typeof value === 'number' || typeof value === 'boolean';
  return isBare ? `; write it in quotes: "${value}"` : '';
}

function unquoteHint(value: unknown): string {
  return value === 'true' || value === 'false' ? '; write it without quotes' : '';
}

function integerHint(value: unknown): string {
  if (typeof value === 'string' && /^-?\d{1,9}$/.test(value)) return '; write it without quotes';
  if (typeof value === 'number' && Number.isInteger(value)) return ', which is out of range';
  return '';
}
