/**
 * A function that works out its answer once for each object it is given, and remembers it for as long as
 * the object is there. For pure functions of what nobody changes, as all that was read is.
 */
export function perObject<O extends object, T>(work: (object: O) => T): (object: O) => T {
  const known = new WeakMap<O, { answer: T }>();
  return (object) => {
    const found = known.get(object) ?? { answer: work(object) };
    known.set(object, found);
    return found.answer;
  };
}
