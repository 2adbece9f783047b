import type { Rollout } from '../../model/argo.generated.ts';
import type { ObjectRef } from '../../model/kinds.ts';
import type { Observed } from '../../model/observed.ts';
import { deepEqual } from '../../model/patch.ts';
import { refOf, type Write } from '../../model/plan.ts';
import { type Answers, type Need, readKey } from '../../model/reads.ts';
import type { Routing } from '../../model/record.ts';
import { selectedHash, serviceNamed } from '../../model/reference.ts';
import { availableOf, podHashOf, replicasOf } from '../../model/workload.ts';
import type { Gathered } from '../release/gathered.ts';
import { isHeldByFault, type Release } from '../release/release.ts';
import { isRouted } from '../release/traffic.ts';
import { needsIn, routeAnswers, routersIn } from './routed.ts';

// Routers that a rollout does not use any more: what was written for it is taken away again.
// docs/adr/0047-a-router-that-is-not-used-is-given-back.md

/** How the rollout has its requests sent. */
function routingIn({ spec, status }: Rollout): Routing | undefined {
  const { trafficRouting, canaryService, stableService, pingPong } = spec?.strategy?.canary ?? {};
  if (!trafficRouting) return undefined;
  const stablePingPong = status?.canary?.stablePingPong;
  return {
    trafficRouting,
    ...(canaryService !== undefined && { canaryService }),
    ...(stableService !== undefined && { stableService }),
    ...(pingPong && { pingPong, ...(stablePingPong !== undefined && { stablePingPong }) }),
  };
}

/** The rollout as it was with those routers. */
export function withRouting(rollout: Rollout, { stablePingPong, ...canary }: Routing): Rollout {
  return {
    ...rollout,
    spec: { ...rollout.spec, strategy: { canary } },
    status: { ...rollout.status, ...(stablePingPong && { canary: { stablePingPong } }) },
  };
}

/** What former routers read, to be given back. */
export function formerNeeds({ seed, answers, template }: Gathered): Need[] {
  if (!template) return [];
  const former = formerRollouts({ ...seed, rollout: template.rollout });
  return former.flatMap((rollout) => needsIn(rollout, answers));
}

/** The rollout with each of the routings that it had and that are not given back yet. */
export function formerRollouts({
  rollout,
  record,
}: Pick<Observed, 'rollout' | 'record'>): Rollout[] {
  const routings = formerRoutings(rollout, record?.routes?.routings);
  return routings.map((routing) => withRouting(rollout, routing));
}

function formerRoutings(rollout: Rollout, known: Routing[] = []): Routing[] {
  const present = routingIn(rollout);
  return known.filter((routing) => !isSame(routing, present));
}

/** Ping and pong change places, and it is the same. */
function isSame(routing: Routing, present: Routing | undefined): boolean {
  const { stablePingPong: _, ...left } = routing;
  const { stablePingPong: __, ...right } = present ?? {};
  return deepEqual(left, right);
}

/** What gives former routers back, and what is to be remembered: those in use, and those that are left. */
export function giveBackWrites(release: Release): { writes: Write[]; routings: Routing[] } {
  const { rollout, observed } = release;
  const known = observed.record?.routes?.routings ?? [];
  // A routing that is faulty is not in use, and has not taken the place of any.
  if (isHeldByFault(release)) return { writes: [], routings: known };
  const answers = routeAnswers(observed);
  const present = routingIn(rollout);
  const inUse = new Set(needsIn(rollout, answers).map(({ read }) => readKey(read)));
  const left: Routing[] = [];
  const writes: Write[] = [];
  for (const routing of formerRoutings(rollout, known)) {
    const given = writesFor(withRouting(rollout, routing), answers).filter(
      (write) => !inUse.has(readKey({ object: targetOf(write) })),
    );
    const isUnread = needsIn(withRouting(rollout, routing), answers).some(({ read }) => {
      const answer = answers.to(read);
      return answer === undefined || 'failed' in answer;
    });
    if (given.length > 0 || isUnread) left.push(routing);
    if (mayGiveBack(release, routing)) for (const write of given) writes.push(write);
  }
  return { writes, routings: [...(present ? [present] : []), ...left].slice(0, routingsMax) };
}

/** More are not remembered of a rollout whose routing is changed again and again. */
const routingsMax = 5;

export function writesFor(rollout: Rollout, answers: Answers): Write[] {
  return routersIn(rollout, answers).flatMap(({ router, routed }) => router.giveBack(routed));
}

function targetOf(write: Write): ObjectRef {
  return write.do === 'create' ? refOf(write.kind, write.object) : write.ref;
}

/** All requests go to the stable Service then: it has to lead to pods that serve. */
function mayGiveBack({ rollout, observed, all }: Release, routing: Routing): boolean {
  if (replicasOf(rollout) === 0 || isRouted(rollout)) return true;
  const { stableService, pingPong, stablePingPong } = routing;
  const name =
    stableService || (stablePingPong === 'ping' ? pingPong?.pingService : pingPong?.pongService);
  const service = serviceNamed(observed, name);
  const hash = selectedHash(service);
  if (!service || hash === '') return true;
  return all.some((set) => podHashOf(set) === hash && availableOf(set) > 0);
}
