/**
 * What a table has under a name that others chose. An object answers to names that nobody put into it as
 * well: `table.constructor` is a function.
 */
export function own<T>(
  table: { readonly [key: string]: T } | null | undefined,
  key: string,
): T | undefined {
  return table != null && Object.hasOwn(table, key) ? table[key] : undefined;
}
