import type { Deployment, Rollout } from '../../lib/model/argo.generated.ts';
import { fieldManager } from '../../lib/model/names.ts';
import { availableOf, nameOf, replicasOf, sum, uidOf } from '../../lib/model/workload.ts';
import type { Change } from '../../lib/simulate/apiServer/objects.ts';
import type { Context, Turn } from './watchdog.ts';

// A Deployment that the rollout takes its template from, and whose own pods go as scaleDown says: never
// before the rollout has pods in their place. How many it has is how many it is asked for.

export const workloadName = 'source';

export function workloadIn({ cluster, key }: Pick<Context, 'cluster' | 'key'>) {
  return cluster.read.find('Deployment', key.namespace, workloadName);
}

export type WorkloadWatch = {
  changed: (change: Change) => void;
  /** After a turn's record is in the table. */
  saved: (turn: Turn) => void;
  /** After a write of Serin's to the Deployment. */
  resized: (turn: Turn, before: Deployment, after: Deployment) => void;
  /** A while after everything has come to rest. */
  judgeRest: () => void;
  /** Once the rollout is healthy. */
  judgeHealthy: () => void;
};

export function watchWorkload(context: Context, features: Map<string, number>): WorkloadWatch {
  /** The size people gave it last, and what of it a rollout that is new found. */
  let asked = 0;
  let found = 0;
  let known = '';
  /** The rollout of which Serin has taken down that it was healthy: then the way to it is over for good. */
  let overUid: string | undefined;
  const { fail } = context;
  const live = () => workloadIn(context);
  const modeOf = () => context.live()?.spec?.workloadRef?.scaleDown;
  const isOver = (rollout: Rollout): boolean => uidOf(rollout) === overUid;
  return {
    changed: ({ type, kind, object, writer }) => {
      // A rollout that is new has promised nobody anything.
      if (kind === 'Rollout' && type === 'ADDED') {
        found = sizeOf(live() ?? {});
      }
      if (kind !== 'Deployment' || nameOf(object) !== workloadName) return;
      const size = `${object.metadata?.uid} ${sizeOf(object as Deployment)}`;
      if (writer.manager !== fieldManager && size !== known) {
        asked = sizeOf(object as Deployment);
        found = asked;
      }
      known = size;
    },
    saved: ({ rollout }) => {
      if (rollout && isHealthy(rollout)) overUid = uidOf(rollout);
    },
    resized: ({ rollout = {}, sets = [] }, before, after) => {
      const [from, to] = [sizeOf(before), sizeOf(after)];
      if (from === to) return;
      const mode = modeOf();
      const move = `${mode}: the Deployment from ${from} to ${to}`;
      const name = `workload scaled ${to < from ? 'down' : 'up'} ${mode}`;
      features.set(name, (features.get(name) ?? 0) + 1);
      const replicas = replicasOf(rollout);
      // Pods that went by themselves since the look: no write of Serin's is to blame for them.
      const pods = Math.max(sum(sets, availableOf), sum(context.sets(), availableOf));
      if (mode !== 'onsuccess' && mode !== 'progressively') fail('migration', `${move}, unasked`);
      else if (replicas === 0) fail('migration', `${move}: the rollout is to have no pods`);
      else if (to > asked) fail('migration', `${move}: nobody asked for more than ${asked}`);
      else if ((isOver(rollout) || isHealthy(rollout)) && to !== 0)
        fail('migration', `${move}: the rollout was healthy before`);
      const isAll = to === 0 && pods >= replicas;
      const isKept = mode === 'progressively' && to + pods >= Math.max(found, replicas);
      const isMore = mode === 'progressively' && to > from;
      if (isAll || isKept || isMore) return;
      fail(
        'migration',
        `${move}: the rollout has ${pods} of ${replicas} pods, ${found} ran before`,
      );
    },
    judgeRest: () => {
      const rollout = context.live();
      const deployment = live();
      const { phase = '', conditions = [] } = rollout?.status ?? {};
      const has = (wanted: string) => conditions.some(({ type }) => type === wanted);
      const isUnderway = deployment && !(rollout && isOver(rollout)) && !has('Healthy');
      const isOpen = isUnderway && !has('InvalidSpec') && phase !== '';
      if (!rollout || !isOpen || replicasOf(rollout) === 0 || modeOf() !== 'progressively') return;
      const own = sum(context.sets(), availableOf);
      const pods = sizeOf(deployment) + own;
      // With all its pods it needs none of the Deployment's.
      if (own < replicasOf(rollout) && pods < found)
        fail('migration', `at rest in ${phase}: ${pods} of ${found} pods`);
    },
    judgeHealthy: () => {
      const rollout = context.live();
      const deployment = live();
      if (!rollout || !deployment || replicasOf(rollout) === 0) return;
      const mode = modeOf();
      const wanted = mode === 'onsuccess' || mode === 'progressively' ? 0 : asked;
      if (sizeOf(deployment) !== wanted) {
        fail('migration', `${mode}: healthy, and the Deployment has ${sizeOf(deployment)} pods`);
      }
    },
  };
}

function isHealthy({ status }: Rollout): boolean {
  return (
    status?.conditions?.some(({ type, status: is }) => type === 'Healthy' && is === 'True') ?? false
  );
}

function sizeOf({ spec }: Deployment): number {
  return spec?.replicas ?? 1;
}
