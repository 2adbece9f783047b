import type { ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import { fieldManager } from '../../lib/model/names.ts';
import type { Millis } from '../../lib/model/units.ts';
import {
  availableOf,
  currentOf,
  desiredOf,
  nameOf,
  podHashOf,
  replicasOf,
  uidOf,
  versionOf,
} from '../../lib/model/workload.ts';
import type { Change } from '../../lib/simulate/apiServer/objects.ts';
import { isRouted } from './routes.ts';
import { isBlueGreen } from './scenario.ts';
import type { Context, Turn } from './watchdog.ts';

// Pods: never fewer available ones than the release may do with, never more of them than it may use.

export type SizeWatch = {
  changed: (change: Extract<Change, { kind: 'ReplicaSet' }>) => void;
  /** After a write of Serin's: that it was fit, by what its turn had read and by what is. */
  judge: (turn: Turn, version: string) => void;
};

/** What a change of size made of all ReplicaSets together. */
type Sizing = {
  name: string;
  from: number;
  to: number;
  desired: number;
  dependableBefore: number;
  dependable: number;
};

export function watchSizes(context: Context): SizeWatch {
  const sizings = new Map<string, Sizing>();
  let lastDropAt = Number.NEGATIVE_INFINITY;
  return {
    changed: ({ type, object, before, writer }) => {
      if (object.metadata?.ownerReferences?.some(({ kind }) => kind === 'Experiment')) return;
      const isOurs = writer.manager === fieldManager;
      if (type === 'DELETED') {
        if (isOurs) judgeRemoval(context, object);
        else lastDropAt = context.clock.now();
        return;
      }
      if (type === 'ADDED' || before === undefined) {
        if (isOurs) sizings.set(versionOf(object), sizingOf(context, object, emptied(object)));
        return;
      }
      // Pods that went by themselves: no write of Serin's is to blame for them.
      const lost = availableOf(object) < Math.min(availableOf(before), desiredOf(object));
      if (lost) lastDropAt = context.clock.now();
      if (isOurs && desiredOf(object) !== desiredOf(before)) {
        sizings.set(versionOf(object), sizingOf(context, object, before));
      }
    },
    judge: (turn, version) => {
      const sizing = sizings.get(version);
      if (sizing !== undefined) judgeSizing(context, sizing, turn, lastDropAt);
    },
  };
}

function emptied(set: ReplicaSet): ReplicaSet {
  return { ...set, spec: { ...set.spec, replicas: 0 }, status: { replicas: 0 } };
}

function sizingOf(context: Context, object: ReplicaSet, before: ReplicaSet): Sizing {
  const others = context.sets().filter((set) => uidOf(set) !== uidOf(object));
  const dependable = (set: ReplicaSet): number => Math.min(availableOf(set), desiredOf(set));
  const rest = others.reduce((total, set) => total + dependable(set), 0);
  return {
    name: nameOf(object),
    from: desiredOf(before),
    to: desiredOf(object),
    desired: others.reduce((total, set) => total + desiredOf(set), desiredOf(object)),
    dependableBefore: rest + dependable(before),
    dependable: rest + dependable(object),
  };
}

function judgeSizing(
  context: Context,
  { name, from, to, ...sizing }: Sizing,
  turn: Turn,
  lastDropAt: Millis,
): void {
  const specs = [turn.rollout, context.live()].filter((each) => each !== undefined);
  const limits = specs.map(limitsOf);
  const move = `${name} from ${from} to ${to}`;
  // Two whole versions beside each other: test/faults/traffic.ts judges what may go.
  if (specs.some(isBlueGreen)) return;
  // And of a canary with a router: test/faults/routes.ts
  if (specs.some(isRouted)) return;
  if (to > from) {
    const ceiling = Math.max(...limits.map((each) => each.replicas + each.surge));
    if (sizing.desired > ceiling) {
      context.fail('surge', `${move}: ${sizing.desired} pods wanted, at most ${ceiling} allowed`);
    }
    return;
  }
  const floor = Math.min(...limits.map((each) => each.replicas - each.unavailable));
  const isWorse = sizing.dependable < sizing.dependableBefore;
  const isFault = lastDropAt >= turn.at;
  if (isWorse && sizing.dependable < floor && !isFault) {
    const was = `${sizing.dependableBefore} before`;
    context.fail('availability', `${move}: leaves ${sizing.dependable} of ${floor}, ${was}`);
  }
}

/** maxSurge and maxUnavailable in pods, worked out here once more on purpose. */
export function limitsOf(rollout: Rollout): {
  replicas: number;
  surge: number;
  unavailable: number;
} {
  const replicas = replicasOf(rollout);
  const { canary, blueGreen } = rollout.spec?.strategy ?? {};
  const { maxUnavailable = '25%' } = blueGreen ?? canary ?? {};
  const { maxSurge = '25%' } = canary ?? {};
  const pods = (value: number | string, round: (count: number) => number): number =>
    typeof value === 'number' ? value : round((Number.parseInt(value, 10) * replicas) / 100);
  const surge = pods(maxSurge, Math.ceil);
  const unavailable = pods(maxUnavailable, Math.floor);
  const least = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { replicas, surge, unavailable: Math.min(least, replicas) };
}

function judgeRemoval(context: Context, set: ReplicaSet): void {
  const { stableRS } = context.live()?.status ?? {};
  if (desiredOf(set) > 0 || currentOf(set) > 0) {
    context.fail('history', `${nameOf(set)} was deleted with ${desiredOf(set)} pods`);
  }
  if (podHashOf(set) === stableRS) context.fail('history', `the stable ${nameOf(set)} was deleted`);
}
