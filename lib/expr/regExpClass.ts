/** A part of a class of characters, as JavaScript writes it with the flag `v`. */
export type Part = string;

export function single(char: string): Part {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

const perl: Record<string, Part> = {
  d: '[0-9]',
  D: '[^0-9]',
  s: '[\\t\\n\\f\\r\\u{20}]',
  S: '[^\\t\\n\\f\\r\\u{20}]',
  w: '[0-9A-Za-z_]',
  W: '[^0-9A-Za-z_]',
};

/** `\d` and the like. */
export function classEscape(kind: string): Part | undefined {
  return kind === '' ? undefined : perl[kind];
}

const posix: Record<string, string> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\u{0}-\\u{7f}',
  blank: '\\t\\u{20}',
  cntrl: '\\u{0}-\\u{1f}\\u{7f}',
  digit: '0-9',
  graph: '\\u{21}-\\u{7e}',
  lower: 'a-z',
  print: '\\u{20}-\\u{7e}',
  punct: '\\u{21}-\\u{2f}\\u{3a}-\\u{40}\\u{5b}-\\u{60}\\u{7b}-\\u{7e}',
  space: '\\t\\n\\v\\f\\r\\u{20}',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** `[:alpha:]` and `[:^alpha:]`, by what stands between the colons. */
export function posixClass(name: string): Part | undefined {
  const isNegated = name.startsWith('^');
  const plain = isNegated ? name.slice(1) : name;
  const inner = Object.hasOwn(posix, plain) ? posix[plain] : undefined;
  return inner === undefined ? undefined : `[${isNegated ? '^' : ''}${inner}]`;
}

/** `\p{Greek}`: a category of Unicode by its short name, or a script by its long one. */
export function isCategory(name: string, isNegated: boolean): Part | undefined {
  const kind = isNegated ? 'P' : 'p';
  if (name === 'Any') return isNegated ? '[^\\u{0}-\\u{10ffff}]' : '[\\u{0}-\\u{10ffff}]';
  const property = /^[A-Z][a-z]?$/.test(name) ? `gc=${name}` : `Script=${name}`;
  if (!/^[A-Z][A-Za-z_]*$/.test(name)) return undefined;
  try {
    new RegExp(`\\p{${property}}`, 'v');
  } catch {
    return undefined;
  }
  return `\\${kind}{${property}}`;
}
