import type { Deployment, ReplicaSet, Service } from '../../lib/model/argo.generated.ts';
import { managedByAnnotation } from '../../lib/model/names.ts';
import { serviceNames } from '../../lib/model/reference.ts';
import {
  annotationOf,
  availableOf,
  currentOf,
  desiredOf,
  nameOf,
  podHashOf,
  readyOf,
  replicasOf,
  sum,
} from '../../lib/model/workload.ts';
import { isLost } from './faulty.ts';
import { leadsTo } from './traffic.ts';
import type { Context, Turn } from './watchdog.ts';
import { workloadIn } from './workload.ts';

// Where the Services of a rollout lead that takes its template from a Deployment: to pods that are ready,
// be they the rollout's or the Deployment's.

export type ServiceWatch = {
  /** After a write of Serin's to a Service. */
  switched: (turn: Turn, before: Service, after: Service) => void;
  /** After a write of Serin's to a ReplicaSet. */
  resized: (turn: Turn, before: ReplicaSet, after: ReplicaSet) => void;
  /** A while after everything has come to rest. */
  judgeRest: () => void;
};

const property = 'Services lead to pods';

export function watchServices(context: Context, features: Map<string, number>): ServiceWatch {
  const { cluster, key, fail } = context;
  const happened = (name: string) => features.set(name, (features.get(name) ?? 0) + 1);
  const workload = () => workloadIn(context);
  const named = (): Service[] =>
    serviceNames(context.live() ?? {}).flatMap((name) => {
      const service = cluster.read.find('Service', key.namespace, name);
      return service ? [service] : [];
    });
  return {
    switched: (turn, before, after) => {
      const [from, to] = [leadsTo(before), leadsTo(after)];
      const isNamed = turn.rollout && serviceNames(turn.rollout).includes(nameOf(after));
      if (from === to || !turn.workload || !isNamed) return;
      if (to === '') {
        happened('Service given back');
        judgeGivenBack(context, turn, nameOf(after), from);
      } else if (from === '' && annotationOf(before, managedByAnnotation) === undefined) {
        happened('Service taken');
        judgeTaken(context, turn, nameOf(after), to);
      }
    },
    resized: (turn, before, after) => {
      if (!isWayBack(turn) || desiredOf(before) === 0 || desiredOf(after) > 0) return;
      const led = named().find((service) => leadsTo(service) === podHashOf(after));
      if (led) fail(property, `${nameOf(led)} leads to ${nameOf(after)}, whose pods are taken`);
    },
    judgeRest: () => {
      const rollout = context.live();
      const { readyReplicas = 0 } = workload()?.status ?? {};
      const isFaulty = rollout?.status?.conditions?.some(({ type }) => type === 'InvalidSpec');
      if (!rollout || isFaulty || replicasOf(rollout) > 0 || readyReplicas === 0) return;
      for (const service of named()) {
        const hash = leadsTo(service);
        const sets = context.sets().filter((set) => hash === '' || podHashOf(set) === hash);
        const ready = sum(sets, readyOf) + (hash === '' ? readyReplicas : 0);
        // Pods that stay, such as those of a release that is held, keep their Service.
        if (ready > 0 || sum(sets, desiredOf) > 0) continue;
        fail(
          property,
          `${nameOf(service)} leads to none, the Deployment has ${readyReplicas} ready`,
        );
      }
    },
  };
}

/** It leads to every pod there is then. */
function judgeGivenBack({ fail }: Context, turn: Turn, name: string, from: string): void {
  if (!isWayBack(turn)) fail(property, `${name} is given back, and nobody asked for it`);
  const { activeService } = turn.rollout?.spec?.strategy?.blueGreen ?? {};
  // Of a release that is held the pods stay, and the Deployment's are better than none.
  if (name !== activeService || from === '' || isLost(turn.rollout?.status ?? {})) return;
  const others = (turn.sets ?? []).filter((set) => podHashOf(set) !== from);
  const pods = sum(others, currentOf);
  if (pods > 0) fail(property, `${name} is given back while ${pods} pods of other versions run`);
}

/** The rollout is to have no pods and its Deployment some, as the turn has seen them. */
function isWayBack({ rollout, workload }: Turn): boolean {
  return rollout !== undefined && replicasOf(rollout) === 0 && sizeOf(workload) > 0;
}

function sizeOf(workload: Deployment | undefined): number {
  return workload ? (workload.spec?.replicas ?? 1) : 0;
}

/** It leads to the Deployment's pods until then: these are not given up for fewer than there are to be. */
function judgeTaken(context: Context, turn: Turn, name: string, hash: string): void {
  const { rollout, sets = [], workload } = turn;
  const set = sets.find((each) => podHashOf(each) === hash);
  const available = set ? availableOf(set) : 0;
  const isServed = (workload?.status?.readyReplicas ?? 0) > 0 && rollout?.status?.abort !== true;
  const { previewService, previewReplicaCount } = rollout?.spec?.strategy?.blueGreen ?? {};
  // What is made smaller in the same turn has all its pods when it has as many as that.
  const isPreview = name === previewService && previewReplicaCount !== undefined;
  const most = isPreview ? previewReplicaCount : replicasOf(rollout ?? {});
  const wanted = isServed && set ? Math.max(1, Math.min(desiredOf(set), most)) : 1;
  if (available >= wanted) return;
  context.fail(property, `${name} is taken for ${available} of ${wanted} pods`);
}
