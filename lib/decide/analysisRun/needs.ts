import type { Need } from '../../model/reads.ts';
import type { Millis } from '../../model/units.ts';
import { askedOf, secretNeeds, secretsIn } from './asked.ts';
import type { Due } from './due.ts';
import { type Gathered, standingOf } from './gathered.ts';
import type { Asked } from './providers/provider.ts';
import { providerOf } from './providers/providers.ts';
import { keptOf } from './retention.ts';

/** What is due is measured, which is reading: first the secrets, then what they open. */
export function needs(gathered: Gathered, now: Millis): Need[] {
  const standing = standingOf(gathered.seed, now);
  if (standing.is !== 'open' || standing.due.length === 0) return [];
  const found = secretsIn(gathered);
  if (found === undefined) return secretNeeds(gathered);
  if ('message' in found) return [];
  return standing.due.flatMap((due): Need[] => {
    const asked = askedOf(gathered, due, { ...found, now });
    if ('message' in asked) return [];
    try {
      return needsOf(gathered, due, asked);
    } catch {
      // It is met once more in measuring, where it becomes an error of this measurement.
      return [];
    }
  });
}

/** What a metric's source is to be asked. Throws where a provider makes a mistake. */
export function needsOf({ answers, seed }: Gathered, due: Due, asked: Asked): Need[] {
  const { metric } = asked;
  const provider = providerOf(metric);
  if (due.ends) return provider?.stop?.needs(asked, answers) ?? [];
  // One that begins or ends may be one too many of those that are kept.
  const { measurements = [] } = due.result ?? {};
  const more = due.running ? 0 : 1;
  const excess = measurements.length + more - keptOf(seed.object.spec ?? {}, metric.name);
  const old = measurements.slice(0, Math.max(0, excess));
  return [
    ...(provider?.needs(asked, answers) ?? []),
    ...(old.length > 0 ? (provider?.prune?.needs(old, seed.object, answers) ?? []) : []),
  ];
}
