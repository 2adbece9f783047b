import { refusedFor } from '../decide/guards/guards.ts';
import type { Seed as RolloutSeed } from '../decide/release/gathered.ts';
import { afterRefusals } from '../decide/replicaSets/metadata.ts';
import { cleanup, servicesIn } from '../decide/rollout/cleanup.ts';
import { decide } from '../decide/rollout/decide.ts';
import { needs } from '../decide/rollout/needs.ts';
import { observedIn } from '../decide/rollout/observed.ts';
import type { RolloutStatus, Service } from '../model/argo.generated.ts';
import type { Controller, Seed } from '../model/controller.ts';
import { encodeGo } from '../model/encode.ts';
import type { Observed } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import type { RolloutMemory } from '../model/record.ts';
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
    others: ({ workload, replicaSets }) => [...(workload ? [workload.object] : []), ...replicaSets],
    unseen: (seed, { message, remedy }, at) => {
      const reasons = [refusedFor(`The API server refuses a look: ${message}`, remedy, '')];
      const { withPods: _, ...known } = seedOf(seed);
      return view({ observed: { ...known, replicaSets: [], services: {} }, reasons, ...at });
    },
    leftovers: servicesIn,
    cleanup: (name, found) => cleanup(name, found as Service[]),
    withoutOptional: (record, refused, now) => {
      const { refused: refusedMetadata, isNews } = afterRefusals(
        record.refusedMetadata,
        refused,
        now,
      );
      const { why } = refusedMetadata;
      const message = `Metadata of a role is left out: ${why}`;
      const event = { type: 'Warning' as const, reason: 'RoleMetadataRefused', message };
      const text = 'the API server refused metadata of a role';
      const news = { event, warning: { text, fields: { why } } };
      return { memory: { refusedMetadata }, ...(isNews && { news }) };
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
