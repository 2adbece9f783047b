// Parts of regular expressions, and what is none.

export const patternParts = [
  ...[
    'a',
    '.',
    '^',
    '$',
    '[a-z]+',
    '\\\\d',
    '(a|b)*',
    '(?i)OK',
    '\\\\w{2,3}',
    'x?',
    '[^a]',
    '\\\\b',
  ],
];
export const badPatterns = [
  ...[
    '(',
    '[',
    '*',
    'a**',
    '(?=a)',
    '\\\\1',
    'a{2}{3}',
    '[z-a]',
    '(?P<n',
    'a{1001}',
    ')',
    '\\\\pX',
  ],
];
