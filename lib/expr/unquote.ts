import { fail } from './failure.ts';
import { plain } from './unescape.ts';

const escapeSequence =
  /^\\(?:([abfnrtv\\])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/;

/** The text between two quotes. client-go v0.34.5 util/jsonpath/parser.go UnquoteExtend */
export function goUnquoted(source: string): string {
  const end = source.charAt(0);
  const wrong = (): never => fail(`unquote string ${source} error invalid syntax`);
  if (source.length < 2 || !source.endsWith(end)) return wrong();
  let rest = source.slice(1, -1);
  if (!rest.includes('\\') && !rest.includes(end)) return rest;
  let text = '';
  while (rest !== '') {
    const match = escapeSequence.exec(rest);
    const char = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    if (match) {
      text += escaped(match) ?? wrong();
      rest = rest.slice(match[0].length);
    } else if (rest.startsWith(`\\${end}`)) {
      text += end;
      rest = rest.slice(2);
    } else if (char === '\\' || char === end) return wrong();
    else {
      text += char;
      rest = rest.slice(char.length);
    }
  }
  return text;
}

function escaped([, name, byte, short, long, octal]: RegExpExecArray): string | undefined {
  if (name !== undefined) return plain[name];
  const code =
    octal === undefined
      ? Number.parseInt(byte ?? short ?? long ?? '', 16)
      : Number.parseInt(octal, 8);
  const isByte = byte !== undefined || octal !== undefined;
  if (isByte && code > 0xff) return undefined;
  // A byte that is no character by itself.
  if (isByte && code > 0x7f) return '\ufffd';
  const isChar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isChar ? String.fromCodePoint(code) : undefined;
}
