import type { Rollout } from '../model/argo.generated.ts';
import type { RolloutKey } from '../model/key.ts';
import { rolloutApiVersion } from '../model/names.ts';
import type { Announcement } from '../model/plan.ts';
import { type Millis, toTime } from '../model/units.ts';
import { nameOf, uidOf, versionOf } from '../model/workload.ts';
import type { World } from '../world.ts';

/**
 * Puts a turn's announcements beside the rollout as Kubernetes Events. Their names follow from the
 * rollout's version, so a turn that is done again puts none twice. One that fails is only logged:
 * nothing depends on Events.
 */
export async function announce(
  world: World,
  key: RolloutKey,
  rollout: Rollout,
  announcements: Announcement[],
  now: Millis,
): Promise<void> {
  const cluster = await world.cluster(key.cluster);
  // One after the other: who watches them reads what happened in that order.
  for (const [index, { type, reason, message }] of announcements.entries()) {
    const name = `${nameOf(rollout)}.${versionOf(rollout)}.${index}.${reason.toLowerCase()}`;
    const time = toTime(now);
    const put = cluster.create('Event', {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: key.namespace },
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
      reportingInstance: world.processId,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    });
    await put.catch((error: unknown) => {
      world.log('debug', 'event not put', { ...key, error: String(error) });
    });
  }
}
