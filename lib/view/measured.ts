import { sampleText } from '../model/text.ts';
import type { MeasurementView } from '../model/view.ts';

/** The numbers that a condition compares with, in its order. */
export function limitsIn(condition: string): number[] {
  const compared = /(?:[<>]=?|==)\s*([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.])/gi;
  return [...condition.matchAll(compared)].map(([, number]) => Number(number));
}

/** What was measured, where it is a number: 0 is one, NaN is none. */
export function numberIn({ value }: Pick<MeasurementView, 'value'>): number | undefined {
  const text = sampleText(value);
  return /^[+-]?\d/.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
}
