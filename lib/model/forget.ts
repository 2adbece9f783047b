/**
 * Lets go of what was put in first, so that at most so many are left. For what is remembered under names that
 * callers or manifests bring: of those there is no end.
 */
export function forgetOldest(known: Map<string, unknown> | Set<string>, max: number): void {
  for (const key of known.keys()) {
    if (known.size <= max) return;
    known.delete(key);
  }
}
