import { createHash } from 'node:crypto';

/** Short enough for a header and a path, long enough that no two things share one by accident. */
const digestLength = 32;

/** A digest of plain data that does not depend on the order of its fields. */
export function digestOf(value: unknown): string {
  return textDigest(canonical(value));
}

export function textDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digestLength);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
