import type { Pod, Rollout } from '../../lib/model/argo.generated.ts';
import { fromTime, minuteMs, secondMs } from '../../lib/model/units.ts';
import { createdAt, isControlledBy, nameOf, uidOf } from '../../lib/model/workload.ts';
import { limitsOf } from './sizes.ts';
import type { Context, RolloutWrite, Turn } from './watchdog.ts';

// Restarts: no pod goes before the time or without need, never more of those that serve than may be
// missing, and what is called done is done.

export type RestartWatch = {
  evicts: (turn: Turn, uid: string) => void;
  byUs: (write: RolloutWrite) => void;
  /** Pods that serve nobody, and that a restart has not replaced although it is due. */
  idle: () => Pod[];
  judgeHealthy: () => void;
};

export function watchRestarts(context: Context): RestartWatch {
  return {
    evicts: (turn, uid) => judgeEviction(context, turn, uid),
    byUs: (write) => judgeDone(context, write),
    idle: () => idlePods(context),
    judgeHealthy: () => {
      const rollout = context.live() ?? {};
      const at = dueAt(rollout, context.clock.now());
      if (at === undefined || fromTime(rollout.status?.restartedAt ?? '') === at) return;
      context.fail('restart', `healthy, and the restart of ${rollout.spec?.restartAt} is not done`);
    },
  };
}

function dueAt({ spec }: Rollout, now: number): number | undefined {
  const at = fromTime(spec?.restartAt ?? '');
  return at <= now ? at : undefined;
}

function isReady({ status }: Pod): boolean {
  return (
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  );
}

/** By what the turn has read: so many may go that the rest suffice. */
function judgeEviction(context: Context, turn: Turn, uid: string): void {
  const { rollout, pods = [], sets = [] } = turn;
  const pod = pods.find((each) => uidOf(each) === uid);
  if (rollout === undefined || pod === undefined) return;
  const at = dueAt(rollout, turn.at);
  if (at === undefined) context.fail('restart', `${nameOf(pod)} goes before the time`);
  else if (createdAt(pod) >= at) context.fail('restart', `${nameOf(pod)} is new, and goes`);
  if (!isReady(pod)) return;
  const { replicas, unavailable } = limitsOf(rollout);
  const minReadyMs = (rollout.spec?.minReadySeconds ?? 0) * secondMs;
  const available = pods.filter((each) => {
    const ready = each.status?.conditions?.find((condition) => condition.type === 'Ready');
    const isOwned = sets.some((set) => isControlledBy(each, uidOf(set)));
    const since = fromTime(ready?.lastTransitionTime ?? '');
    const isLong = minReadyMs === 0 || since + minReadyMs <= turn.at;
    return isOwned && isReady(each) && isLong && !each.metadata?.deletionTimestamp;
  });
  if (available.includes(pod)) turn.evicted += 1;
  const left = available.length - turn.evicted;
  const floor = replicas - Math.max(1, unavailable);
  if (left < floor) context.fail('restart', `an eviction leaves ${left} of ${floor} pods`);
}

/** Not before its time, and not while older pods are there, unless another template took its place. */
function judgeDone(context: Context, { before, after, turn }: RolloutWrite): void {
  const { status: was = {} } = before;
  const { status: is = {} } = after;
  if (is.restartedAt === undefined || is.restartedAt === was.restartedAt) return;
  const at = fromTime(is.restartedAt);
  const said = `the restart of ${is.restartedAt} is called done`;
  if (at > turn.at) context.fail('restart', `${said} before its time`);
  // A status that was wiped is put back.
  if (!was.currentPodHash || was.currentPodHash !== is.currentPodHash) return;
  const isOwned = (pod: Pod) => turn.sets?.some((set) => isControlledBy(pod, uidOf(set)));
  const old = (turn.pods ?? []).filter((pod) => isOwned(pod) && createdAt(pod) < at);
  if (old.length > 0) context.fail('restart', `${said} with ${old.length} older pods`);
}

function idlePods({ live, clock, cluster, key, sets }: Context): Pod[] {
  const rollout = live() ?? {};
  const at = dueAt(rollout, clock.now());
  if (at === undefined || fromTime(rollout.status?.restartedAt ?? '') === at) return [];
  return cluster.read
    .list('Pod', key.namespace)
    .filter((pod) => sets().some((set) => isControlledBy(pod, uidOf(set))))
    .filter((pod) => !pod.metadata?.deletionTimestamp && !isReady(pod) && createdAt(pod) < at);
}

/** How long a restart may take to find pods that serve nobody, after a storm in which wakes were lost. */
export const idleMs = 5 * minuteMs;
