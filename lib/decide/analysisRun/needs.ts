import type { Need } from '../../model/reads.ts';
import type { Millis } from '../../model/units.ts';
import { askedOf, secretNeeds, secretsIn } from './asked.ts';
import { type Gathered, standingOf } from './gathered.ts';
import { providerOf } from './providers/providers.ts';
import { resultOf } from './results.ts';
import { keptOf } from './retention.ts';

/** What is due is measured, which is reading: first the secrets, then what they open. */
export function needs(gathered: Gathered, now: Millis): Need[] {
  const standing = standingOf(gathered.seed, now);
  if (standing.is !== 'open' || standing.due.length === 0) return [];
  const found = secretsIn(gathered);
  if (found === undefined) return secretNeeds(gathered);
  if ('message' in found) return [];
  const { answers, seed } = gathered;
  return standing.due.flatMap((due): Need[] => {
    const asked = askedOf(gathered, due, { ...found, now });
    if ('message' in asked) return [];
    const provider = providerOf(asked.metric);
    if (due.ends) return provider?.stop?.needs(asked, answers) ?? [];
    // One that begins or ends may be one too many of those that are kept.
    const { measurements = [] } = resultOf(standing.status, due.metric.name) ?? {};
    const more = due.running ? 0 : 1;
    const excess = measurements.length + more - keptOf(seed.object.spec ?? {}, due.metric.name);
    const old = measurements.slice(0, Math.max(0, excess));
    return [
      ...(provider?.needs(asked, answers) ?? []),
      ...(old.length > 0 ? (provider?.prune?.needs(old, seed.object, answers) ?? []) : []),
    ];
  });
}
