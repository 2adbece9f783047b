/** A text of at most so many letters; the last one says that there is more. */
export function clipped(text: string, lettersMax: number): string {
  return text.length > lettersMax ? `${text.slice(0, lettersMax - 1)}…` : text;
}

/** With a capital letter, as a sentence begins. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `1 pod`, `3 pods`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** By code unit, as Go and the table sort strings; never by somebody's locale. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A measured value as people read it: a list of one number, as Prometheus has it, is that number. */
export function sampleText(value: string): string {
  return value.replace(/^\[([^[\],]*)\]$/, '$1');
}
