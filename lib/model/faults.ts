/** What is wrong with a field of a spec, and what to write instead. */
export type FieldError = { path: string; message: string };

/** One of them, or none, is what most checks come to. */
export function fieldError(path: string, message: string): FieldError[] {
  return [{ path, message }];
}

/** How many faults one answer names: whoever made thousands corrects those first. */
export const faultsMax = 20;

/** The first faults in one line, and how many more there are. */
export function faultList(faults: readonly string[]): string {
  const more = faults.length - faultsMax;
  const first = faults.slice(0, faultsMax).join('; ');
  return more > 0 ? `${first}; and ${more} more` : first;
}
