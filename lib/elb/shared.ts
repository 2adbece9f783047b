import { forgetOldest } from '../model/forget.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { Clock } from '../world.ts';

/** How long an answer serves others who ask for the same. */
const answerLifeMs: Millis = 2 * secondMs;
/** How many answers, and how many names of what was written, are kept in mind. */
const knownMax = 2000;

type Asked = { order: number; at: Millis; answer: Promise<unknown> };
export type Once = <T>(
  what: string,
  how: { since?: string; lifeMs?: Millis },
  ask: () => Promise<T>,
) => Promise<T>;

/**
 * Asks once for all who want the same at about the same time. An answer is not for those who know of
 * something that was written after it was asked for: what is then seen would be of before. A failure is
 * shared by those who wait for it.
 */
export function shared(clock: Clock): Once {
  const asked = new Map<string, Asked>();
  const first = new Map<string, number>();
  let order = 0;
  return async <T>(
    what: string,
    { since = '', lifeMs = answerLifeMs }: { since?: string; lifeMs?: Millis },
    ask: () => Promise<T>,
  ): Promise<T> => {
    const written = `${what} ${since}`;
    if (!first.has(written)) {
      order += 1;
      first.set(written, order);
    }
    const known = asked.get(what);
    const isLater = known !== undefined && known.order > (first.get(written) ?? 0);
    if (known && isLater && clock.now() < known.at + lifeMs) return (await known.answer) as T;
    order += 1;
    const answer = ask();
    const mine = { order, at: clock.now(), answer };
    asked.set(what, mine);
    answer.catch(() => {
      if (asked.get(what) === mine) asked.delete(what);
    });
    // What is not known any more is asked for anew.
    forgetOldest(asked, knownMax);
    forgetOldest(first, knownMax);
    return await answer;
  };
}
