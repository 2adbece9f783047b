import { NotFound } from '../../lib/errors.ts';
import type { ReplicaSet, Rollout, RolloutStatus } from '../../lib/model/argo.generated.ts';
import { desiredReplicasAnnotation, pauseReasons } from '../../lib/model/names.ts';
import { serviceNames } from '../../lib/model/reference.ts';
import {
  annotationOf,
  availableOf,
  currentOf,
  desiredOf,
  podHashOf,
  sum,
} from '../../lib/model/workload.ts';
import { isRouted } from './routes.ts';
import { isBlueGreen } from './scenario.ts';
import { limitsOf } from './sizes.ts';
import type { Context, RolloutWrite, Turn } from './watchdog.ts';

// A faulty spec: no step, no new version and no switch as long as it is so, but as many pods as it asks for.

export type FaultyWatch = {
  byUs: (write: RolloutWrite) => void;
  /** Before Serin switches a Service, or creates a ReplicaSet. */
  moves: (turn: Turn, to: string) => void;
  /** What does not follow spec.replicas or the pods, though the spec is faulty elsewhere only. */
  lag: () => string | undefined;
};

export function watchFaulty(context: Context): FaultyWatch {
  /** The stable version as Serin wrote it last: a status that was wiped does not say it. */
  let stable: string | undefined;
  return {
    byUs: (write) => {
      stable = write.after.status?.stableRS ?? stable;
      judgeWrite(context, write);
    },
    moves: (turn, to) => judgeMove(context, turn, { to, stable }),
    lag: () => lagOf(context),
  };
}

/** What a turn asked for and does not exist. */
export function noting(turn: Turn, name: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof NotFound) turn.lacks = [...(turn.lacks ?? []), name];
    throw error;
  };
}

function isFaulty({ conditions = [] }: RolloutStatus): boolean {
  return conditions.some(({ type }) => type === 'InvalidSpec');
}

function isOfRouters({ conditions = [] }: RolloutStatus): boolean {
  const found = conditions.find(({ type }) => type === 'InvalidSpec');
  return (found?.message ?? '').split('; ').some((part) => part.includes('.trafficRouting.'));
}

function judgeWrite(context: Context, { before, after }: RolloutWrite): void {
  const { status: was = {} } = before;
  const { status: is = {} } = after;
  // A status that was wiped is put back; an abort goes back to the first step.
  if (!isFaulty(is) || !was.currentPodHash || is.abort) return;
  // What is wrong with objects of routers holds up weights, and the begin of another version.
  const held = ['currentPodHash', 'currentStepHash'] as const;
  const fields = isOfRouters(is) ? held : ([...held, 'stableRS', 'currentStepIndex'] as const);
  const moved = fields.find((field) => was[field] !== is[field] && was[field] !== undefined);
  if (moved === undefined || isLost(is)) return;
  context.fail('held by a fault', `${moved} ${was[moved]} -> ${is[moved]} while it is faulty`);
}

function judgeMove(
  context: Context,
  { rollout, lacks = [] }: Turn,
  { to, stable }: { to: string; stable: string | undefined },
): void {
  if (to === '' || rollout === undefined || rollout.status?.abort) return;
  if (to === (rollout.status?.stableRS ?? stable)) return;
  const missing = serviceNames(rollout).find((name) => lacks.includes(name));
  if (missing === undefined) return;
  context.fail('held by a fault', `moves to ${to} although there is no Service ${missing}`);
}

/** A hold for good, which a person ends. */
export function isLost({ pauseConditions = [] }: RolloutStatus): boolean {
  const lost: string[] = [pauseReasons.statusLost, pauseReasons.stableLost];
  return pauseConditions.some(({ reason }) => lost.includes(reason));
}

function lagOf({ live, sets }: Context): string | undefined {
  const rollout = live() ?? {};
  const { status = {}, spec = {} } = rollout;
  const isSeen = status.observedGeneration === String(rollout.metadata?.generation);
  const isOpen = isFaulty(status) && Boolean(status.currentPodHash) && !isLost(status);
  if (!isSeen || !isOpen || spec.paused || status.abort || spec.replicas === undefined) return;
  const all = sets();
  return sizesLag(rollout, all) ?? countsLag(status, all);
}

function isSizedFor(set: ReplicaSet, replicas: number): boolean {
  return desiredOf(set) === 0 || annotationOf(set, desiredReplicasAnnotation) === String(replicas);
}

function sizesLag(rollout: Rollout, all: ReplicaSet[]): string | undefined {
  const { status = {}, spec = {} } = rollout;
  const byHash = (hash = '') => all.find((set) => podHashOf(set) === hash);
  const [stable, current] = [byHash(status.stableRS), byHash(status.currentPodHash)];
  if (status.stableRS && !stable) return undefined;
  const wanted = spec.replicas ?? 0;
  // The pods that serve are the Deployment's then, and Serin's stay until its Services are led there.
  if (wanted === 0 && spec.workloadRef) return undefined;
  const isWhole = isBlueGreen(rollout);
  const counted = isWhole ? desiredOf(stable ?? current ?? {}) : sum(all, desiredOf);
  const isRelease = !isWhole && stable !== undefined && stable !== current;
  // A version that is to have no pods keeps one, beside what the others are to have.
  const kept = isRelease && all.some((set) => desiredOf(set) === 1) ? 1 : 0;
  const room = isRouted(rollout) ? wanted : limitsOf(rollout).surge;
  const most = isRelease && wanted > 0 ? wanted + room + kept : wanted;
  const isAlone = all.every((set) => set === stable || set === current || desiredOf(set) === 0);
  // With a router a step may have asked for any number, which is kept until the rollout is scaled.
  const isAsked = isRouted(rollout) && all.every((set) => isSizedFor(set, wanted));
  if (counted >= wanted && (counted <= most || !isAlone || isAsked)) return undefined;
  if ((stable ?? current) === undefined) return undefined;
  return `${counted} pods where spec.replicas is ${wanted}`;
}

function countsLag(status: RolloutStatus, all: ReplicaSet[]): string | undefined {
  const active = all.filter((set) => podHashOf(set) === status.blueGreen?.activeSelector);
  const counted = active.length > 0 ? active : all;
  const available = sum(counted, availableOf);
  if ((status.replicas ?? 0) !== sum(all, currentOf))
    return `${status.replicas} pods in the status`;
  if ((status.availableReplicas ?? 0) === available) return undefined;
  return `${status.availableReplicas} available in the status, and ${available} are`;
}
