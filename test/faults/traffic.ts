import type { ReplicaSet, Rollout, Service } from '../../lib/model/argo.generated.ts';
import { hashLabel, pauseReasons } from '../../lib/model/names.ts';
import { fromTime, type Millis, secondMs } from '../../lib/model/units.ts';
import {
  availableOf,
  createdAt,
  desiredOf,
  nameOf,
  podHashOf,
  replicasOf,
} from '../../lib/model/workload.ts';
import type { Change } from '../../lib/simulate/apiServer/objects.ts';
import { watchRoutes } from './routes.ts';
import { isBlueGreen } from './scenario.ts';
import type { StepWatch } from './steps.ts';
import type { Context, RolloutWrite, Turn } from './watchdog.ts';

// Where the traffic of a blue-green rollout goes: only to pods that are there, only when somebody or the
// spec has said so, and what carries it keeps its pods.

export type TrafficWatch = {
  changed: (change: Change) => void;
  /** After a write of Serin's to a Service or to an object of a router. */
  sent: (turn: Turn, version: string) => void;
  /** After a write of Serin's to a Service. */
  switched: (turn: Turn, before: Service, after: Service) => void;
  /** After a write of Serin's to a ReplicaSet. */
  resized: (turn: Turn, before: ReplicaSet, after: ReplicaSet) => void;
  /** After a write of Serin's to the status. */
  wrote: (write: RolloutWrite) => void;
};

export function watchTraffic(context: Context, steps: StepWatch): TrafficWatch {
  /** When traffic went from a version, and how long it is kept at least, by its hash. */
  const left = new Map<string, { at: Millis; delayMs: Millis }>();
  const routes = watchRoutes(context);
  return {
    sent: routes.sent,
    changed: (change) => {
      routes.changed(change);
      const { kind, object, before } = change;
      const live = context.live();
      if (!live || !isBlueGreen(live)) return;
      for (const each of left.values()) each.delayMs = Math.min(each.delayMs, delayOf(live));
      if (kind === 'Service' && nameOf(object) === activeOf(live)) {
        const [from, to] = [leadsTo(before as Service), leadsTo(object as Service)];
        if (to !== '') left.delete(to);
        if (from !== '' && from !== to)
          left.set(from, { at: context.clock.now(), delayMs: delayOf(live) });
      }
    },
    resized: (turn, before, after) => {
      routes.resized(turn, before, after);
      const specs = [turn.rollout, context.live()].filter((each) => each !== undefined);
      const [from, to] = [desiredOf(before), desiredOf(after)];
      const wanted = Math.min(...specs.map(replicasOf));
      if (!specs.some(isBlueGreen) || to >= from || to >= wanted) return;
      judgeShrink(context, after, `${nameOf(after)} from ${from} to ${to}`, left);
    },
    switched: (turn, before, after) => {
      const rollout = turn.rollout;
      if (!rollout || !isBlueGreen(rollout)) return;
      const [from, to] = [leadsTo(before), leadsTo(after)];
      if (from === to || to === '' || nameOf(after) !== activeOf(rollout)) return;
      judgeSwitch(context, steps, { turn, rollout, from, to });
    },
    wrote: ({ before, after, turn }) => {
      if (!hasPassedPreview(after) || hasPassedPreview(before) || !turn.rollout) return;
      const hash = after.status?.currentPodHash;
      const active = context.cluster.read.find('Service', context.key.namespace, activeOf(after));
      // With the traffic on it the switch was judged already, and its pause is gone.
      const isLive = after.status?.stableRS === hash || leadsTo(active) === hash;
      if (isLive || hasConsent(steps, turn, asKnown(context, turn.rollout))) return;
      context.fail('traffic', 'the preview grows to its whole size, and nobody had said so');
    },
  };
}

type Switch = { turn: Turn; rollout: Rollout; from: string; to: string };

export function leadsTo(service: Service | undefined): string {
  return service?.spec?.selector?.[hashLabel] ?? '';
}

function strategyOf({ spec }: Rollout) {
  return spec?.strategy?.blueGreen ?? { activeService: '' };
}

function activeOf(rollout: Rollout): string {
  return strategyOf(rollout).activeService ?? '';
}

function delayOf(rollout: Rollout): Millis {
  return (strategyOf(rollout).scaleDownDelaySeconds ?? 30) * secondMs;
}

function judgeSwitch(
  context: Context,
  steps: StepWatch,
  { turn, rollout, from, to }: Switch,
): void {
  const { status = {} } = rollout;
  const { sets = [] } = turn;
  const byHash = (hash?: string) => sets.find((set) => podHashOf(set) === hash);
  const [target, stable] = [byHash(to), byHash(status.stableRS)];
  const move = `active from ${from} to ${to}`;
  const available = target ? availableOf(target) : 0;
  const isNew = to !== status.stableRS && stable !== undefined;
  // Where nothing else serves some of its pods are better than none: docs/adr/0027-back-to-the-deployment.md
  const isAlone = from === '' && !turn.workload?.status?.readyReplicas;
  const isSome = status.abort || !isNew || isAlone;
  const wanted = isSome ? Math.min(1, replicasOf(rollout)) : replicasOf(rollout);
  if (available < wanted)
    context.fail('traffic', `${move}: ${available} of ${wanted} pods are there`);
  if (!isNew) return;
  if (status.abort) context.fail('traffic', `${move}: the release was aborted`);
  else if (!hasPassedPreview(rollout) && !hasConsent(steps, turn, asKnown(context, rollout))) {
    context.fail('traffic', `${move}: nobody had said so`);
  }
  steps.features.set('traffic switched', (steps.features.get('traffic switched') ?? 0) + 1);
}

/** The pause before the switch is over, as whoever or whatever ended it. */
export function hasPassedPreview({ status }: Rollout): boolean {
  return status?.blueGreen?.scaleUpPreviewCheckPoint === true;
}

/** With the pause of the record where the status was wiped, as the turn puts it back before it decides. */
function asKnown({ memory }: Context, rollout: Rollout): Rollout {
  const { pauseReason, pauseStart, currentPodHash, stableRS } = memory.record?.progress ?? {};
  if (rollout.status?.currentPodHash || !pauseReason || !pauseStart) return rollout;
  const pauseConditions = [{ reason: pauseReason, startTime: pauseStart }];
  const known = { ...(currentPodHash && { currentPodHash }), ...(stableRS && { stableRS }) };
  return { ...rollout, status: { ...rollout.status, ...known, pauseConditions } };
}

/** Whether a person or the spec lets the new version have the traffic. */
export function hasConsent(
  steps: Pick<StepWatch, 'isLifted'>,
  { at, sets = [] }: Turn,
  rollout: Rollout,
): boolean {
  const { status = {} } = rollout;
  const { autoPromotionEnabled, autoPromotionSeconds = 0 } = strategyOf(rollout);
  if (status.promoteFull || steps.isLifted(rollout)) return true;
  const byHash = (hash?: string) => sets.find((set) => podHashOf(set) === hash);
  const [target, stable] = [byHash(status.currentPodHash), byHash(status.stableRS)];
  // A way back to a version that was live before.
  if (target && stable && createdAt(target) < createdAt(stable)) return true;
  if (rollout.spec?.paused) return false;
  if (autoPromotionEnabled === false) return false;
  if (autoPromotionSeconds === 0) return true;
  const pause = status.pauseConditions?.find(({ reason }) => reason === pauseReasons.blueGreen);
  return (
    pause !== undefined && at >= fromTime(pause.startTime ?? '') + autoPromotionSeconds * secondMs
  );
}

/** What carries the traffic keeps its pods, and what carried it keeps them for a while. */
function judgeShrink(
  context: Context,
  set: ReplicaSet,
  move: string,
  left: ReadonlyMap<string, { at: Millis; delayMs: Millis }>,
): void {
  const live = context.live() ?? {};
  const service = context.cluster.read.find('Service', context.key.namespace, activeOf(live));
  const hash = podHashOf(set);
  if (leadsTo(service) === hash) context.fail('traffic', `${move}: the active Service leads to it`);
  if (live.status?.stableRS === hash) context.fail('traffic', `${move}: it is the stable version`);
  const leave = left.get(hash);
  const limit = strategyOf(live).scaleDownDelayRevisionLimit;
  if (!leave || limit !== undefined || live.status?.abort) return;
  // One that is tried again is a preview once more, and has the size of one.
  const isPreview = live.status?.currentPodHash === hash;
  if (isPreview && strategyOf(live).previewReplicaCount !== undefined) return;
  const keptMs = context.clock.now() - leave.at;
  if (keptMs < leave.delayMs) {
    context.fail('a way back', `${move}: kept for ${keptMs} of ${leave.delayMs} ms`);
  }
}
