/** A text of at most so many letters; the last one says that there is more. */
export function clipped(text: string, lettersMax: number): string {
  return text.length > lettersMax ? `${text.slice(0, lettersMax - 1)}…` : text;
}

/** A measured value as people read it: a list of one number, as Prometheus has it, is that number. */
export function sampleText(value: string): string {
  return value.replace(/^\[([^[\],]*)\]$/, '$1');
}
