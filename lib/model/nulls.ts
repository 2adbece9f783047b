import { perObject } from './perObject.ts';

/**
 * A value without its nulls, which in Kubernetes' JSON mean the same as absent fields. A null in a list
 * is an object of zero values, as Go's decoder has it.
 */
export function withoutNulls<T extends object>(value: T): T {
  return stripped(value) as T;
}

/** The same object is looked at in turn after turn. */
const stripped = perObject(strip);

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (item === null ? {} : strip(item)));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([field, inner]) => [field, strip(inner)]));
}
