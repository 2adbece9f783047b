import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import type { Clock } from '../world.ts';

/** Where a secret is kept. */
export type SecretRef = { ssm: string };

/** A secret that was read no longer ago than that. */
export type Secrets = (ref: SecretRef, ageMaxMs: Millis) => Promise<string>;

/** How long a secret is used without asking again. */
export const secretLifeMs: Millis = 5 * minuteMs;
/** And how long if a signature does not fit it: it may have been changed, or somebody may be guessing. */
export const secretDoubtMs: Millis = 30 * secondMs;

/** Fetches secrets and remembers them. A store of secrets that fails does not take away what is known. */
export function cachedSecrets(
  fetchSecret: (ref: SecretRef) => Promise<string>,
  clock: Pick<Clock, 'now'>,
): Secrets {
  const known = new Map<string, { at: Millis; text: string }>();
  return async (ref, ageMaxMs) => {
    const last = known.get(ref.ssm);
    if (last !== undefined && clock.now() - last.at <= ageMaxMs) return last.text;
    const at = clock.now();
    try {
      const text = await fetchSecret(ref);
      known.set(ref.ssm, { at, text });
      return text;
    } catch (error) {
      if (last === undefined) throw error;
      known.set(ref.ssm, { ...last, at });
      return last.text;
    }
  };
}
