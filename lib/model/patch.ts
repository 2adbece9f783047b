import type { MergePatch } from './plan.ts';

type Json = unknown;

function isObject(value: Json): value is { [field: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 7396: a new value with the patch applied; null removes, lists are replaced whole. */
export function applyMergePatch<T>(target: T, patch: MergePatch): T {
  const result: { [field: string]: Json } = isObject(target) ? { ...target } : {};
  for (const [field, change] of Object.entries(patch)) {
    // Assigning it would set the prototype, not a field.
    if (field === '__proto__') continue;
    const present = Object.hasOwn(result, field) ? result[field] : undefined;
    if (change === null) delete result[field];
    else if (isObject(change)) result[field] = applyMergePatch(present, change);
    else result[field] = change;
  }
  return result as T;
}

/**
 * The smallest merge patch that turns `before` into `after`, or undefined when they are equal.
 * Undefined fields count as absent. Law: applyMergePatch(before, diff) equals after.
 */
export function diffMergePatch(before: object, after: object): MergePatch | undefined {
  const patch: MergePatch = {};
  const old = before as { [field: string]: Json };
  for (const [field, value] of Object.entries(after)) {
    if (value === undefined) continue;
    const previous = Object.hasOwn(old, field) ? old[field] : undefined;
    if (isObject(value) && isObject(previous)) {
      const inner = diffMergePatch(previous, value);
      if (inner !== undefined) patch[field] = inner;
    } else if (!deepEqual(previous, value)) patch[field] = value;
  }
  for (const [field, previous] of Object.entries(old)) {
    const gone =
      !Object.hasOwn(after, field) || (after as { [field: string]: Json })[field] === undefined;
    if (gone && previous !== undefined) patch[field] = null;
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}

/** Joins patches of one object; where both name a field the later one holds. */
export function mergePatches(first: MergePatch, second: MergePatch): MergePatch {
  const merged: MergePatch = { ...first };
  for (const [field, change] of Object.entries(second)) {
    const earlier = merged[field];
    merged[field] = isObject(change) && isObject(earlier) ? mergePatches(earlier, change) : change;
  }
  return merged;
}

/** Structural equality of JSON values; undefined fields count as absent. */
export function deepEqual(left: Json, right: Json): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return (
      left.length === right.length && left.every((item, index) => deepEqual(item, right[index]))
    );
  }
  if (!isObject(left) || !isObject(right)) return false;
  const fields = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...fields].every((field) => deepEqual(left[field], right[field]));
}
