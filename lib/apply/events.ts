import { createHash } from 'node:crypto';
import { Conflict } from '../errors.ts';
import type { Event } from '../model/argo.generated.ts';
import { type Key, kindOf } from '../model/key.ts';
import { apiVersionOf } from '../model/kinds.ts';
import type { ObjectEvent } from '../model/outbox.ts';
import { fromTime, toTime } from '../model/units.ts';
import { versionOf } from '../model/workload.ts';
import type { Cluster, World } from '../world.ts';

/**
 * Puts an event beside its object as a Kubernetes Event, under a name that follows from what it says. What
 * was said before, of another version of the object, is counted and not said again; of the same version it
 * is this one, put a second time.
 */
export async function putEvent(
  world: Pick<World, 'cluster' | 'processId'>,
  key: Key,
  told: ObjectEvent,
): Promise<void> {
  const cluster = await world.cluster(key.cluster);
  const event = objectOf(told, key, world.processId);
  try {
    await cluster.create('Event', event);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    await countOn(cluster, event);
  }
}

function objectOf(told: ObjectEvent, key: Key, by: string): Event {
  const { namespace, name } = key;
  const kind = kindOf(key);
  const { type, reason, message, uid, resourceVersion, at } = told;
  const words = [uid, type, reason, message].join('\n');
  const digest = createHash('sha256').update(words).digest('hex').slice(0, 16);
  const time = toTime(at);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${digest}`, namespace },
    involvedObject: {
      ...{ apiVersion: apiVersionOf(kind), kind, namespace, name },
      ...{ uid, resourceVersion },
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

async function countOn(cluster: Cluster, { metadata, ...event }: Event): Promise<void> {
  const { name = '', namespace = '' } = metadata ?? {};
  const said = await cluster.get({ kind: 'Event', namespace, name });
  const { resourceVersion } = event.involvedObject ?? {};
  // One that comes late was told before what was told since, or is overtaken by it.
  const isLate = fromTime(event.lastTimestamp ?? '') < fromTime(said.lastTimestamp ?? '');
  if (isLate || said.involvedObject?.resourceVersion === resourceVersion) return;
  await cluster.patch(
    { kind: 'Event', namespace, name, resourceVersion: versionOf(said) },
    {
      count: (said.count ?? 1) + 1,
      lastTimestamp: event.lastTimestamp,
      involvedObject: { resourceVersion },
    },
  );
}
