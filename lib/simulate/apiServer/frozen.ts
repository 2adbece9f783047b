/**
 * What a wire would make of a value: no undefined fields, and nothing shared that anyone can change.
 * Parts that are frozen already are kept, so that copying a changed object costs its changes.
 */
export function frozenCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (copies.has(value)) return value;
  const copy = Array.isArray(value)
    ? value.map((item) => frozenCopy(item ?? null))
    : Object.fromEntries(
        Object.entries(value)
          .filter(([, item]) => item !== undefined)
          .map(([field, item]) => [field, frozenCopy(item)]),
      );
  Object.freeze(copy);
  copies.add(copy);
  return copy as T;
}

const copies = new WeakSet<object>();
