import type { Reason } from '../../model/plan.ts';
import type { Millis } from '../../model/units.ts';
import { currentOf, nameOf } from '../../model/workload.ts';
import { faultReason, invalidRetryMs, specFault } from '../guards/guards.ts';
import type { Release } from '../release/release.ts';
import { mayReceive, totalWeightOf } from '../release/traffic.ts';
import { faultLine } from '../release/typeFaults.ts';
import { presentWeight } from '../traffic/goal.ts';
import { retryAt } from '../traffic/routes.ts';

/** Why requests are not sent as they are to be. */
export function trafficReasons(release: Release): Reason[] {
  if (!release.traffic) return [];
  return [faultOf(release), refusedOf(release), weightOf(release), keptOf(release)].filter(
    (reason) => reason !== undefined,
  );
}

/** When to look again for it. */
export function trafficWakes({ traffic, observed, fault, now }: Release): [Millis, string][] {
  const { refused } = observed.record?.routes ?? {};
  return [
    ...(traffic?.faults.length && !fault
      ? [[now + invalidRetryMs, 'the objects of routers, which may be mended'] as [number, string]]
      : []),
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

function weightOf(release: Release): Reason | undefined {
  const { goal, isThere } = release.traffic ?? {};
  if (!goal || isThere) return undefined;
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
