import { createHash } from 'node:crypto';
import { Conflict } from '../errors.ts';
import type { Event, Rollout } from '../model/argo.generated.ts';
import type { RolloutKey } from '../model/key.ts';
import { rolloutApiVersion } from '../model/names.ts';
import type { PlannedEvent } from '../model/plan.ts';
import { type Millis, toTime } from '../model/units.ts';
import { nameOf, uidOf, versionOf } from '../model/workload.ts';
import type { Cluster, World } from '../world.ts';

/**
 * Puts a turn's events beside the rollout as Kubernetes Events. What was said before is counted and
 * not said again, and a turn that is done again counts nothing twice. One that fails is only logged:
 * nothing depends on Events.
 */
export async function writeEvents(
  world: World,
  key: RolloutKey,
  rollout: Rollout,
  events: PlannedEvent[],
  now: Millis,
): Promise<void> {
  const cluster = await world.cluster(key.cluster);
  // One after the other: who watches them reads what happened in that order.
  for (const planned of events) {
    const event = eventOf(rollout, planned, { key, now, by: world.processId });
    await put(cluster, event).catch((error: unknown) => {
      world.log('debug', 'event not put', { ...key, error: String(error) });
    });
  }
}

function eventOf(
  rollout: Rollout,
  { type, reason, message }: PlannedEvent,
  { key, now, by }: { key: RolloutKey; now: Millis; by: string },
): Event {
  const words = [uidOf(rollout), type, reason, message].join('\n');
  const digest = createHash('sha256').update(words).digest('hex').slice(0, 16);
  const time = toTime(now);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${nameOf(rollout)}.${digest}`, namespace: key.namespace },
    involvedObject: {
      apiVersion: rolloutApiVersion,
      kind: 'Rollout',
      namespace: key.namespace,
      name: nameOf(rollout),
      uid: uidOf(rollout),
      resourceVersion: versionOf(rollout),
    },
    reason,
    message,
    type,
    source: { component: 'serin' },
    reportingComponent: 'serin',
    reportingInstance: by,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}

async function put(cluster: Cluster, event: Event): Promise<void> {
  try {
    await cluster.create('Event', event);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    await countOn(cluster, event);
  }
}

/** It was said before: of another version of the rollout, or in this very turn. */
async function countOn(cluster: Cluster, { metadata, ...event }: Event): Promise<void> {
  const { name = '', namespace = '' } = metadata ?? {};
  const said = await cluster.get({ kind: 'Event', namespace, name });
  const { resourceVersion } = event.involvedObject ?? {};
  if (said.involvedObject?.resourceVersion === resourceVersion) return;
  await cluster.patch(
    { kind: 'Event', namespace, name, resourceVersion: versionOf(said) },
    {
      count: (said.count ?? 1) + 1,
      lastTimestamp: event.lastTimestamp,
      involvedObject: { resourceVersion },
    },
  );
}
