/** What a value can stand for in an expression. */
export type Sort = 'number' | 'int' | 'text' | 'bool' | 'list' | 'map' | 'any' | 'time';

export function fitsOf(value: unknown): Sort[] {
  if (typeof value === 'number') return ['number', 'any'];
  if (typeof value === 'string') return ['text', 'any'];
  if (typeof value === 'boolean') return ['bool', 'any'];
  if (Array.isArray(value)) return ['list', 'any'];
  return value === null ? ['any'] : ['map', 'any'];
}
