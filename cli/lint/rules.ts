import type { FieldError } from '../../lib/model/faults.ts';
import { isDnsLabel, isDnsSubdomain, isLabelKey, isLabelValue } from '../../lib/model/syntax.ts';

// What the rules about pods are made of.

export function wrongIf(isWrong: boolean, path: string, message: string): FieldError[] {
  return isWrong ? [{ path, message }] : [];
}

/** Each item of a list by a rule, with its path. */
export function each<T>(
  list: readonly T[] | undefined,
  path: string,
  rule: (item: T, path: string, index: number) => FieldError[],
): FieldError[] {
  return (list ?? []).flatMap((item, index) => rule(item, `${path}[${index}]`, index));
}

export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** A name, if one is given: that it is missing is another's to say. */
export function named(
  value: string | undefined,
  path: string,
  kind: 'label' | 'subdomain',
): FieldError[] {
  if (value === undefined || value === '') return [];
  const letters = 'lower-case letters, digits and -';
  if (kind === 'label') {
    const message = `must be at most 63 ${letters}, with - only within, not ${shown(value)}`;
    return wrongIf(!isDnsLabel(value), path, message);
  }
  const message = `must be at most 253 ${letters} in parts with . between them, not ${shown(value)}`;
  return wrongIf(!isDnsSubdomain(value), path, message);
}

/** A value, if one is given, of which there are no others. */
export function oneOf(
  value: string | undefined,
  path: string,
  known: readonly string[],
): FieldError[] {
  const isWrong = value !== undefined && !known.includes(value);
  return wrongIf(isWrong, path, `must be one of ${known.join(', ')}, not ${shown(value)}`);
}

export function between(
  value: number | undefined,
  path: string,
  [min, max]: readonly [number, number],
): FieldError[] {
  const isWrong = value !== undefined && (value < min || value > max);
  const range = max === Infinity ? `${min} or more` : `between ${min} and ${max}`;
  return wrongIf(isWrong, path, `must be ${range}, not ${value}`);
}

export const atLeast = (min: number) => [min, Infinity] as const;
/** Of an int32 that is a number of a user or group. */
export const ids = [0, 2 ** 31 - 1] as const;

/** Of some fields, of which one is to be there. */
export function exactlyOne(
  object: object | undefined,
  path: string,
  { of, what, none = true }: { of: readonly string[]; what: string; none?: boolean },
): FieldError[] {
  const given = Object.entries(object ?? {})
    .filter(([name, value]) => of.includes(name) && value !== undefined && value !== null)
    .map(([name]) => name);
  if (given.length === 0) return wrongIf(none, path, `must have a ${what}: ${of.join(', ')}`);
  return wrongIf(given.length > 1, path, `must have one ${what}, not ${given.join(' and ')}`);
}

export function stepsBack(path: string | undefined): boolean {
  return path?.split('/').includes('..') === true;
}

/** A path that leads nowhere else. */
export function pathWithinFaults(value: string | undefined, path: string): FieldError[] {
  const isWrong = value?.startsWith('/') === true || stepsBack(value);
  return wrongIf(isWrong, path, `must be a relative path without .., not ${shown(value)}`);
}

export function labelsFaults(
  labels: Record<string, string> | undefined,
  path: string,
): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...keyFaults(key, `${path}[${key}]`),
    ...wrongIf(
      !isLabelValue(value),
      `${path}[${key}]`,
      `must be at most 63 letters and digits, with -, _ and . only within, not ${shown(value)}`,
    ),
  ]);
}

/** In bytes, of one object. */
export const annotationsMax = 256 * 1024;

export function bytesOf(annotations: Record<string, string> = {}): number {
  const entries = Object.entries(annotations);
  return entries.reduce((sum, entry) => sum + Buffer.byteLength(entry.join('')), 0);
}

export function annotationsFaults(
  annotations: Record<string, string> | undefined,
  path: string,
): FieldError[] {
  const entries = Object.entries(annotations ?? {});
  const bytes = bytesOf(annotations);
  return [
    // An upper-case prefix is let through here, if nowhere else.
    ...entries.flatMap(([key]) => keyFaults(key, `${path}[${key}]`, key.toLowerCase())),
    ...wrongIf(bytes > annotationsMax, path, `are ${bytes} bytes; at most ${annotationsMax}`),
  ];
}

export function keyFaults(key: string, path: string, judged = key): FieldError[] {
  const message =
    'has a key that must be a name of at most 63 letters, digits, -, _ and ., or such a name after a ' +
    `domain and /, not ${shown(key)}`;
  return wrongIf(!isLabelKey(judged), path, message);
}

type Selector = {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
};

export function selectorFaults(selector: Selector | undefined, path: string): FieldError[] {
  return [
    ...labelsFaults(selector?.matchLabels, `${path}.matchLabels`),
    ...each(selector?.matchExpressions, `${path}.matchExpressions`, (expression, at) => [
      ...expressionFaults(expression, at, ['In', 'NotIn', 'Exists', 'DoesNotExist']),
      ...each(expression.values, `${at}.values`, valueFaults),
    ]),
  ];
}

export function valueFaults(value: string, path: string): FieldError[] {
  return wrongIf(!isLabelValue(value), path, `must be a value of a label, not ${shown(value)}`);
}

/** Of labels of pods or nodes, or of fields of nodes. */
export function expressionFaults(
  { key, operator, values = [] }: { key: string; operator: string; values?: string[] },
  path: string,
  operators: readonly string[],
): FieldError[] {
  const takesNone = operator === 'Exists' || operator === 'DoesNotExist';
  const takesNumber = operator === 'Gt' || operator === 'Lt';
  const count = values.length;
  // One that is missing is told of already.
  if (!key || !operator) return [];
  if (!operators.includes(operator)) {
    return wrongIf(
      true,
      `${path}.operator`,
      `must be one of ${operators.join(', ')}, not ${shown(operator)}`,
    );
  }
  return [
    ...keyFaults(key, `${path}.key`),
    ...wrongIf(takesNone && count > 0, `${path}.values`, `must be empty for ${operator}`),
    ...wrongIf(takesNumber && count !== 1, `${path}.values`, `must be one number for ${operator}`),
    ...wrongIf(
      !takesNone && !takesNumber && count === 0,
      `${path}.values`,
      `must not be empty for ${operator}`,
    ),
  ];
}
