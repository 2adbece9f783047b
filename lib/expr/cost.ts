import { type Budget, tooDeep, valueDepthMax } from './failure.ts';
import { type Go, type GoRecord, itemsOf, Keyed, Named, recordOf, Struct } from './goValue.ts';

// What it costs to walk a value. Charged before it is walked, so that nothing walks for long beyond what a
// budget has. docs/adr/0105-what-an-evaluation-may-cost.md

/** A time that is printed, read or asked for a part of it. */
export const timeSteps = 20;

/** Charges for a value with all that is in it. What stands in it twice is walked twice. */
export function chargeAll(value: Go, budget: Budget, depth = 0): void {
  if (depth > valueDepthMax) tooDeep();
  if (value instanceof Named) budget.step(timeSteps);
  else if (typeof value === 'object' || typeof value === 'string') {
    chargeTop(value, budget);
    for (const inner of innerOf(value)) if (isWalked(inner)) chargeAll(inner, budget, depth + 1);
  }
}

/** Charges for the elements of a list, the keys of a map or the characters of a text. */
export function chargeTop(value: Go, budget: Budget): void {
  const items = itemsOf(value);
  if (items) budget.step(items.length);
  else if (typeof value === 'string') budget.walk(value.length);
  else {
    const keys = keysOf(value);
    budget.step(2 * keys.length);
    for (const key of keys) chargeText(key, budget);
  }
}

/** Charges for a text alone. */
export function chargeText(value: Go, budget: Budget): void {
  if (typeof value === 'string') budget.walk(value.length);
}

function isWalked(value: Go): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}

function fieldsOf(value: Go): GoRecord {
  return (value instanceof Struct ? value.fields : recordOf(value)) ?? {};
}

function keysOf(value: Go): Go[] {
  return value instanceof Keyed
    ? value.entries().map(([key]) => key)
    : Object.keys(fieldsOf(value));
}

function innerOf(value: Go): readonly Go[] {
  const items = itemsOf(value);
  if (items) return items;
  return value instanceof Keyed ? value.entries().flat() : Object.values(fieldsOf(value));
}
