import { fail } from './failure.ts';

/** What stands after a backslash, and what it is. */
export const plain: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
const lengths: Record<string, number> = { x: 2, u: 4, U: 8 };

/** The text between two quotes, whose escapes have the right form. expr v1.17.7 parser/lexer/utils.go */
export function unescaped(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/\\(?:u\{([^}]*)\}|([0-7]{3})|([xuU])([0-9a-fA-F]*)|(.))/gsu, (_match, ...parts) => {
      const [braced, octal, kind, hex, char] = parts as (string | undefined)[];
      if (braced !== undefined) return character(Number.parseInt(braced, 16));
      if (octal !== undefined) {
        // A character of Go's octal form is at most \377.
        if (octal > '377') fail('unable to unescape string');
        return character(Number.parseInt(octal, 8));
      }
      if (kind !== undefined) {
        const length = lengths[kind] ?? 0;
        const digits = (hex ?? '').slice(0, length);
        return character(Number.parseInt(digits, 16)) + (hex ?? '').slice(length);
      }
      return plain[char ?? ''] ?? fail('unable to unescape string');
    });
}

function character(code: number): string {
  if (!(code <= 0x10ffff)) fail('unable to unescape string');
  return code >= 0xd800 && code <= 0xdfff ? '\ufffd' : String.fromCodePoint(code);
}
