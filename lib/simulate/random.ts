/** A stream of choices that is the same for the same seed. */
export type Random = {
  /** At least 0, below 1. */
  next: () => number;
  /** A whole number, at least 0 and below `end`. */
  below: (end: number) => number;
  /** True with that probability. */
  chance: (probability: number) => boolean;
  pick: <T>(choices: readonly [T, ...T[]]) => T;
  /** As Kubernetes ends generated names: without vowels, so that no word comes out. */
  suffix: (length: number) => string;
  uuid: () => string;
  /** A stream of its own: how much is drawn from it does not move this one. */
  fork: (label: string) => Random;
};

const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';

/** Mulberry32: 32 bits of state, which is plenty for choosing faults and names. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  const letters = (length: number, alphabet: string): string =>
    Array.from({ length }, () => alphabet[below(alphabet.length)]).join('');
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
    suffix: (length) => letters(length, suffixLetters),
    uuid: () => {
      const hex = letters(30, '0123456789abcdef');
      const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(12, 15)}`];
      return [...parts, `a${hex.slice(15, 18)}`, hex.slice(18, 30)].join('-');
    },
    fork: (label) => randomFrom(digest(`${seed} ${label}`)),
  };
}

/** FNV-1a, 32 bits. */
function digest(text: string): number {
  let hash = 0x811c9dc5;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
