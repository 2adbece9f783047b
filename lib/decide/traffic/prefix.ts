/** A regular expression for what begins like this: some routers look for it anywhere in a value. */
export function prefixPattern(prefix: string): string {
  return `^${prefix.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}.*`;
}
