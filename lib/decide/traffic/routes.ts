import { textDigest } from '../../model/hash.ts';
import type { Write } from '../../model/plan.ts';
import type { RefusedRoute } from '../../model/record.ts';
import { type Millis, minuteMs, secondMs } from '../../model/units.ts';
import type { Draft } from '../release/draft.ts';
import type { Release } from '../release/release.ts';
import { isRouted } from '../release/traffic.ts';
import { giveBackWrites } from './givenBack.ts';
import { type Aim, aimOf } from './goal.ts';
import { usedBy, writesTo } from './observedTraffic.ts';
import { withBalancers } from './verification.ts';
import { weightNotes, weightsIn, withWeights } from './weights.ts';

/** How soon an object of a router that could not be written is tried again: less and less often. */
const retryMaxMs: Millis = minuteMs;

export function retryAt({ at, times }: RefusedRoute): Millis {
  return at + Math.min(retryMaxMs, secondMs * 2 ** times);
}

/**
 * Where requests are sent from now on, and what of that was observed: the status tells of weights once they
 * are there. `after` is the release under the status that this turn leaves.
 */
export function routeTraffic(before: Release, after: Release, draft: Draft): Draft {
  const { writes: given, routings } = giveBackWrites(after);
  const isRemembered = after.observed.record?.routes !== undefined;
  if (!isRouted(after.rollout) && !isRemembered && !after.status.canary?.weights) return draft;
  const isUsed = isRouted(after.rollout) && usedBy(after).length > 0;
  const known = draft.status.canary?.weights;
  const weights = isUsed ? (weightsIn(after) ?? weightsIn(before) ?? known) : undefined;
  const refused = refusedIn(after);
  const aim = aimOf(after);
  const digest = aim ? aimDigest(aim) : '';
  return {
    ...draft,
    status: withBalancers(withWeights(draft.status, weights), after),
    writes: [
      ...draft.writes,
      ...(isTooSoon(after, digest) ? [] : [...routeWrites(after), ...given]),
    ],
    events: [...draft.events, ...weightNotes(known, weights)],
    routes: { routings, aim: digest, ...(refused && { refused }) },
  };
}

/** Until all is where it is to be. */
function refusedIn({ observed, traffic }: Release): RefusedRoute | undefined {
  return traffic?.isThere ? undefined : observed.record?.routes?.refused;
}

/** What brings the routers to where they are to be, but for those whose objects are at fault. */
function routeWrites(release: Release): Write[] {
  const aim = aimOf(release);
  if (!aim) return [];
  return usedBy(release)
    .filter(({ router, routed }) => router.check(routed).length === 0)
    .flatMap((each) => writesTo(release, each, aim));
}

/** Something else to be sent somewhere, such as nothing to an aborted version, is tried at once. */
function isTooSoon({ observed, now }: Release, aim: string): boolean {
  const refused = observed.record?.routes?.refused;
  return refused !== undefined && refused.aim === aim && now < retryAt(refused);
}

function aimDigest({ weight, routes, additional }: Aim): string {
  const shares = additional.length > 0 ? [additional] : [];
  return textDigest(JSON.stringify([weight, routes, ...shares]));
}
