import { fail } from './failure.ts';
import { type Go, typeText } from './goValue.ts';

/** A value that has to be of a type, as Go asserts it. */
export function asString(value: Go | undefined): string {
  return typeof value === 'string' ? value : refuse(value ?? null, 'string');
}

export function asInt(value: Go): bigint {
  return typeof value === 'bigint' ? value : refuse(value, 'int');
}

export function asBool(value: Go): boolean {
  return typeof value === 'boolean' ? value : refuse(value, 'bool');
}

export function refuse(value: Go, type: string): never {
  const name = value === null ? 'nil' : typeText(value);
  return fail(`interface conversion: interface {} is ${name}, not ${type}`);
}
