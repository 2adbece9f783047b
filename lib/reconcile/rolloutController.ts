import { refusedFor } from '../decide/guards/guards.ts';
import type { Seed as RolloutSeed } from '../decide/release/gathered.ts';
import { afterRefusals } from '../decide/replicaSets/metadata.ts';
import { cleanup, cleanupNeeds } from '../decide/rollout/cleanup.ts';
import { decide } from '../decide/rollout/decide.ts';
import { needs } from '../decide/rollout/needs.ts';
import { observedIn } from '../decide/rollout/observed.ts';
import { routerObjectsFound } from '../decide/traffic/needs.ts';
import type { RolloutStatus } from '../model/argo.generated.ts';
import type { Controller, Seed, Warning } from '../model/controller.ts';
import { encodeGo } from '../model/encode.ts';
import type { Observed } from '../model/observed.ts';
import type { PassedOver, Plan, PlannedEvent } from '../model/plan.ts';
import type { RolloutMemory, RolloutRecord } from '../model/record.ts';
import type { Millis } from '../model/units.ts';
import type { RolloutView } from '../model/view.ts';
import { commandEntry } from '../record/ledger.ts';
import { withManagers } from '../record/managers.ts';
import { rolloutMemory } from '../record/rolloutMemory.ts';
import { view } from '../view/view.ts';

export const rolloutController: Controller<'Rollout', Observed, Plan, RolloutMemory, RolloutView> =
  {
    needs: (seed, answers, now) => needs(seedOf(seed), answers, now),
    observed: (seed, answers) => {
      const found = observedIn(seedOf(seed), answers);
      if (!found || !('appeared' in found)) return found && { observed: found };
      return { appeared: `ReplicaSet ${found.appeared}` };
    },
    decide,
    memory: rolloutMemory,
    view: (observed, plan, now) => view({ observed, ...plan, now }),
    statusText: (status) => encodeGo('RolloutStatus', status as RolloutStatus),
    others: (observed) => [
      ...(observed.workload ? [observed.workload.object] : []),
      ...observed.replicaSets,
      ...routerObjectsFound(observed),
    ],
    unseen: (seed, { message, remedy }, at) => {
      const reasons = [refusedFor(`The API server refuses a look: ${message}`, remedy, '')];
      const { withPods: _, ...known } = seedOf(seed);
      return view({ observed: { ...known, replicaSets: [], services: {} }, reasons, ...at });
    },
    cleanupNeeds: (record, answers) => cleanupNeeds(record as RolloutRecord, answers),
    cleanup: (record, answers) => cleanup(record as RolloutRecord, answers),
    passedOver: (record, what, now) => {
      const metadata = withoutMetadata(record, what, now);
      const routes = withoutRoute(record, what, now);
      return {
        memory: { ...metadata?.memory, ...routes?.memory },
        news: [metadata?.news, routes?.news].filter((each) => each !== undefined),
      };
    },
    ledger: {
      command: (intent, { progress }) => commandEntry(intent, progress),
      attributed: withManagers,
    },
  };

function seedOf({ object: rollout, ...seed }: Seed<'Rollout', RolloutMemory>): RolloutSeed {
  // Its key is a rollout's, or another controller had it.
  return { ...seed, rollout } as RolloutSeed;
}

type PassedOverOf = PassedOver & { plan: Plan };
type Noted = { memory: Partial<RolloutMemory>; news?: { event: PlannedEvent; warning: Warning } };

/** Metadata of roles that was refused is left out from the next turn on, until it is tried again. */
function withoutMetadata(
  { refusedMetadata: before }: RolloutMemory,
  { refusals }: PassedOverOf,
  now: Millis,
): Noted | undefined {
  if (refusals.length === 0) return undefined;
  const { refused: refusedMetadata, isNews } = afterRefusals(before, refusals, now);
  const { why } = refusedMetadata;
  const message = `Metadata of a role is left out: ${why}`;
  const event = { type: 'Warning' as const, reason: 'RoleMetadataRefused', message };
  const text = 'the API server refused metadata of a role';
  const news = { event, warning: { text, fields: { why } } };
  return { memory: { refusedMetadata }, ...(isNews && { news }) };
}

/**
 * What a router's object could not be made is left out for a while, unless something else is to be sent.
 * docs/adr/0049-a-router-does-not-hold-up-a-release.md
 */
function withoutRoute(
  { routes }: RolloutMemory,
  { unrouted: [failure], plan }: PassedOverOf,
  now: Millis,
): Noted | undefined {
  if (!failure) return undefined;
  const { routings = [], refused: before } = routes ?? {};
  const { aim = '' } = plan.routes ?? {};
  const { why } = failure;
  const times = before?.aim === aim ? before.times + 1 : 1;
  const memory = { routes: { routings, refused: { ...failure, at: now, times, aim } } };
  const message = `An object of a router could not be written: ${why}`;
  const event = { type: 'Warning' as const, reason: 'TrafficRoutingError', message };
  const text = 'an object of a router was not written';
  const news = { event, warning: { text, fields: { why } } };
  return { memory, ...(before?.why !== why && { news }) };
}
