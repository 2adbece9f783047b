import { createHash } from 'node:crypto';
import { defined } from '../model/defined.ts';
import type { Outage } from '../model/documents.ts';
import type { Key } from '../model/key.ts';
import type { Channel, Notification, NotificationKind } from '../model/notification.ts';
import type { Envelope, LedgerEntry, LedgerKind, RolloutRecord } from '../model/record.ts';
import { toTime } from '../model/units.ts';

// What people are told of: one place says which lines of the ledger are messages. Pure.

const waits = { person: 'paused', recovery: 'held' } as const;
const kindsOf: { [K in LedgerKind]?: NotificationKind } = {
  revision: 'begun',
  retried: 'begun',
  promoted: 'promoted',
  aborted: 'aborted',
  degraded: 'degraded',
  completed: 'completed',
  conflictingController: 'conflictingController',
};

/** The message of a line of the ledger; undefined where nobody is told of it. */
export function notificationOf(
  key: Key,
  entry: LedgerEntry,
  record: Envelope,
): Notification | undefined {
  // Runs and experiments are told of by what they do to their rollout.
  if (key.kind !== undefined) return undefined;
  const kind = entry.waitsFor ? waits[entry.waitsFor] : kindsOf[entry.kind];
  if (kind === undefined) return undefined;
  const { cluster, namespace, name: rollout } = key;
  const { uid, revision, text, actor, reason, failedBy, at } = entry;
  const { progress } = record as RolloutRecord;
  const images = progress?.revision === revision ? progress.images : undefined;
  // Where a later turn tells of it, the step may be another one by now.
  const seen = progress?.resourceVersion === entry.resourceVersion ? progress : undefined;
  const podHash = seen?.currentPodHash;
  const stepIndex = seen?.currentStepIndex ?? undefined;
  const { createdAt = 0, resourceVersion, intentId = '' } = entry;
  // What the entry is stored under in the ledger, once.
  const place = [uid, createdAt, resourceVersion, entry.kind, intentId].join('\n');
  return {
    ...{ version: 1, id: idOf([cluster, namespace, rollout, place]), kind },
    ...{ at: toTime(at), cluster, namespace, rollout, uid, revision },
    ...defined({ images, podHash, stepIndex }),
    ...{ text, actor },
    ...defined({ reason, failedBy }),
  };
}

/** That a cluster does not answer. One outage is one message. */
export function unreachable(cluster: string, { since, said }: Outage): Notification {
  return {
    version: 1,
    id: idOf([cluster, 'unreachable', String(since)]),
    kind: 'clusterUnreachable',
    at: toTime(since),
    cluster,
    text: `The cluster does not answer, so releases there wait: ${said}`,
  };
}

/** The same for the same, so that it is put on its way once. */
function idOf(parts: string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 24);
}

/** Whether the rule of the channel asks for it. */
export function isFor(channel: Channel, notification: Notification): boolean {
  const { kinds } = channel;
  const isOfKind = kinds === undefined || kinds.includes(notification.kind);
  return isOfKind && concerns(channel, notification);
}

/** Whether the channel is told of what is there, of one kind or another. */
export function concerns(
  { clusters, namespaces, rollouts }: Channel,
  { cluster, namespace, rollout }: Pick<Notification, 'cluster' | 'namespace' | 'rollout'>,
): boolean {
  return fits(clusters, cluster) && fits(namespaces, namespace) && fits(rollouts, rollout);
}

/** What is of a cluster as a whole concerns all that is in it. */
function fits(patterns: string[] | undefined, name: string | undefined): boolean {
  if (patterns === undefined || name === undefined) return true;
  return patterns.some((pattern) => isMatch(pattern, name));
}

function isMatch(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === name;
  const last = rest.pop() ?? '';
  if (!name.startsWith(first) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.endsWith(last) && name.length - last.length >= at;
}
