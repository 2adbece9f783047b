import { humanAge } from '../../lib/view/words.ts';

/** `41 min`, `7 min 3 s`. */
export function spoken(spanMs: number): string {
  const units = humanAge(Math.max(0, spanMs)).matchAll(/(\d+)([a-z])/g);
  return [...units].map(([, count, unit]) => `${count} ${unit === 'm' ? 'min' : unit}`).join(' ');
}
