/** Whether a rule's pattern is found in a metric's name. One that is no pattern matches nothing. */
export function matchesName(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(name);
  } catch {
    return false;
  }
}
