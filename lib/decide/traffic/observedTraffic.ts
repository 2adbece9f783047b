import { largest, smallest } from '../../model/extremes.ts';
import type { Write } from '../../model/plan.ts';
import type { Answer } from '../../model/reads.ts';
import { selectedHash, serviceNamed } from '../../model/reference.ts';
import type { Release } from '../release/release.ts';
import { isRouted, namedServices, routingOf, type Side, type Traffic } from '../release/traffic.ts';
import { type Aim, aimOf, goalFor } from './goal.ts';
import { canaryWeights, routeAnswers, routersIn, type Using, unknownRouter } from './routed.ts';
import { judged, seenTraffic } from './verification.ts';

/** The release with what was observed of its traffic, under the status that it has. */
export function withTraffic(release: Release): Release {
  const { traffic: _, ...rest } = release;
  if (!isRouted(release.rollout)) return rest;
  const using = usedBy(release);
  const known = knownTraffic(release, using);
  const aim = aimOf({ ...rest, traffic: known });
  if (!aim) {
    const verification = judged(rest, known, { isAsked: false });
    return { ...rest, traffic: { ...known, ...(verification && { verification }) } };
  }
  const { weight, additional } = aim;
  const goal = { weight, additional, routes: aim.routes.map(({ name }) => name) };
  const isThere =
    known.faults.length === 0 &&
    using.every((each) => writesTo({ ...rest, traffic: known }, each, aim).length === 0);
  const verification = judged(rest, { ...known, goal }, { isAsked: isThere, held: aim.held });
  // Of objects that say nothing of weights it is known then, too.
  const canary = known.canary ?? (isThere && { least: aim.weight, most: aim.weight });
  const isDone = isThere && (verification === undefined || verification.state === 'verified');
  return {
    ...rest,
    traffic: {
      ...known,
      ...(canary && { canary }),
      ...(verification && { verification }),
      ...{ goal, isAsked: isThere, isThere: isDone },
    },
  };
}

/** What brings the objects of a router to where they are to be. */
export function writesTo(release: Release, each: Using, aim: Aim): Write[] {
  return each.router.desired(each.routed, goalFor(release, each, aim));
}

export function usedBy({ rollout, observed }: Release): Using[] {
  return routersIn(rollout, routeAnswers(observed));
}

function knownTraffic(release: Release, using: Using[]): Traffic {
  const faults = using.flatMap(({ router, routed }) => router.check(routed));
  const weights = using.map(canaryWeights);
  const isKnown =
    unknownRouter(routingOf(release.rollout) ?? {}) === undefined &&
    weights.every((each) => each.length > 0);
  const remedy = remedyIn(release);
  const leads = leadsOf(release, using);
  const asked = isKnown ? spanOf(using.length === 0 ? [0] : weights.flat()) : undefined;
  const seen = seenTraffic(release, using, { leads, ...(asked && { asked }) });
  // What a load balancer does not tell may be anything.
  const isSeen = !seen || (seen.unknown.length === 0 && seen.weights.length > 0);
  const isLeadUnknown = using.some(isUnread);
  return {
    leads,
    ...(isLeadUnknown && { isLeadUnknown }),
    ...(asked && { asked }),
    ...(asked && isSeen && { canary: spanOf([asked.least, asked.most, ...seenWeights(seen)]) }),
    ...(seen && { seen }),
    isThere: false,
    faults,
    ...(remedy !== undefined && { remedy }),
  };
}

function seenWeights(seen: Traffic['seen']): number[] {
  return (seen?.weights ?? []).map(({ weight }) => weight);
}

function spanOf(weights: number[]): { least: number; most: number } {
  return { least: smallest(weights), most: largest(weights) };
}

/** A router chooses the pods itself, and what it reads for that could not be read. */
function isUnread({ router: { hashes, needs }, routed }: Using): boolean {
  if (!hashes) return false;
  const answers = needs(routed).map(({ read }) => routed.answers.to(read));
  return answers.some((answer) => answer !== undefined && 'failed' in answer);
}

/** By the Services that routers send to, and by the routers that choose pods themselves. */
function leadsOf({ rollout, observed }: Release, using: Using[]): Traffic['leads'] {
  const leads = (side: Side): string[] => {
    const named =
      using.length === 0 ? [namedServices(rollout)] : using.map(({ routed }) => routed.services);
    const services = new Set(named.map((each) => each[side]).filter((name) => name !== ''));
    const selected = [...services].map((name) => serviceNamed(observed, name));
    const own = using.map(({ router, routed }) => router.hashes?.(routed)[side]);
    return [
      ...selected.filter((service) => service != null).map(selectedHash),
      ...own.filter((hash) => hash !== undefined),
    ];
  };
  return { canary: leads('canary'), stable: leads('stable') };
}

/** The rule to add where Serin may not read what routers write. */
function remedyIn({ observed: { routes = {} } }: Release): string | undefined {
  const failed = Object.values(routes).map((answer: Answer) =>
    'failed' in answer ? answer.remedy : undefined,
  );
  return failed.find((remedy) => remedy !== undefined);
}
