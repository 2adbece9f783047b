import { verifyAnnotation } from '../../model/names.ts';
import type { Reason } from '../../model/plan.ts';
import { type Millis, secondMs } from '../../model/units.ts';
import { currentOf, nameOf } from '../../model/workload.ts';
import { faultReason, invalidRetryMs, specFault } from '../guards/guards.ts';
import type { Release } from '../release/release.ts';
import { mayReceive, totalWeightOf, type Verification } from '../release/traffic.ts';
import { faultLine } from '../release/typeFaults.ts';
import { presentWeight } from '../traffic/goal.ts';
import { retryAt } from '../traffic/routes.ts';

/** Why requests are not sent as they are to be. */
export function trafficReasons(release: Release): Reason[] {
  if (!release.traffic) return [];
  return [
    faultOf(release),
    refusedOf(release),
    weightOf(release),
    ...verificationOf(release),
    keptOf(release),
  ].filter((reason) => reason !== undefined);
}

/** When to look again for it. */
export function trafficWakes({ traffic, observed, fault, now }: Release): [Millis, string][] {
  const { refused } = observed.record?.routes ?? {};
  return [
    ...(traffic?.faults.length && !fault
      ? [[now + invalidRetryMs, 'the objects of routers, which may be mended'] as [number, string]]
      : []),
    ...(traffic?.verification ? verificationWakes(traffic.verification, now) : []),
    ...(refused ? [[retryAt(refused), 'what a router was refused'] as [number, string]] : []),
  ];
}

function faultOf({ observed, traffic, fault }: Release): Reason | undefined {
  if (!traffic || traffic.faults.length === 0 || fault) return undefined;
  const { remedy } = traffic;
  return faultReason({
    ...specFault(observed, traffic.faults.map(faultLine)),
    field: 'what it names',
    ...(remedy !== undefined && { remedy }),
  });
}

function refusedOf({ observed, traffic }: Release): Reason | undefined {
  const { refused } = observed.record?.routes ?? {};
  if (!refused || traffic?.isThere) return undefined;
  const { why, remedy, passing } = refused;
  return {
    text: `An object of a router could not be written: ${why}`,
    until: retryAt(refused),
    unblock: remedy ?? 'allow that write',
    ...(!passing && { mark: 'refused' }),
  };
}

/** How soon a load balancer is looked at again: one that does not say, or is not to be asked, later. */
const verifyMs: Record<Verification['state'], Millis | undefined> = {
  verified: undefined,
  pending: 5 * secondMs,
  unknown: 15 * secondMs,
};

function verificationWakes({ state, isHeld }: Verification, now: Millis): [Millis, string][] {
  const delayMs = isHeld ? verifyMs.pending : verifyMs[state];
  return delayMs === undefined ? [] : [[now + delayMs, 'what load balancers say']];
}

function verificationOf({ traffic }: Release): Reason[] {
  const { state, words, remedy } = traffic?.verification ?? { state: 'verified', words: [] };
  const otherwise = `or the annotation ${verifyAnnotation}: 'false', which has nobody look`;
  const unblock = `${remedy ?? 'an answer of AWS'}, ${otherwise}`;
  return words.map((text) => ({
    text,
    unblock: state === 'unknown' ? unblock : 'the load balancer, as its controller has it',
  }));
}

function weightOf(release: Release): Reason | undefined {
  const { goal, isThere, isAsked } = release.traffic ?? {};
  if (!goal || isThere || isAsked) return undefined;
  const total = totalWeightOf(release.rollout);
  const present = presentWeight(release);
  const now = present === undefined ? 'That it gets is not known' : `It gets ${present}`;
  return {
    text: `The canary is to get ${goal.weight} of ${total} requests. ${now}.`,
    unblock: 'the objects of its routers saying so',
  };
}

function keptOf(release: Release): Reason | undefined {
  const kept = release.others.filter((set) => currentOf(set) > 0 && mayReceive(release, set));
  if (kept.length === 0) return undefined;
  const names = kept.map(nameOf).join(', ');
  return { text: `Pods of ${names} stay while requests may come to them.` };
}
