import { fail } from './failure.ts';
import { parseInt64, quote } from './text.ts';

const bases: Record<string, { name: string; digits: RegExp }> = {
  '0x': { name: 'hex', digits: /^[0-9a-f]+$/ },
  '0b': { name: 'binary', digits: /^[01]+$/ },
  '0o': { name: 'octal', digits: /^[0-7]+$/ },
};

/** The value of an integer as an expression has it, without the underscores. */
export function integerLiteral(text: string): bigint {
  const lower = text.toLowerCase();
  const base = bases[lower.slice(0, 2)];
  if (!base) {
    const value = parseInt64(text);
    return typeof value === 'bigint' ? value : fail(`invalid integer literal: ${value.error}`);
  }
  const wrong = (why: string): never =>
    fail(`invalid ${base.name} literal: strconv.ParseInt: parsing ${quote(text)}: ${why}`);
  const digits = lower.slice(2);
  if (!base.digits.test(digits)) return wrong('invalid syntax');
  if (digits.replace(/^0+/, '').length > 64) return wrong('value out of range');
  const value = BigInt(lower);
  return value >= 2n ** 63n ? wrong('value out of range') : value;
}
