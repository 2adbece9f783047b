import type { ObjectMeta, ReplicaSet } from '../../lib/model/argo.generated.ts';
import { isControlledBy, nameOf, podHashOf, uidOf } from '../../lib/model/workload.ts';
import type { Stage } from './stage.ts';
import { workloadIn } from './workload.ts';

type Part = 'labels' | 'annotations';

/**
 * Of a healthy rollout: its pods, and those to come, have what the template says, and over it what the stable
 * role does; of the other role they have nothing.
 */
export function judgeMetadata({ dog }: Stage): void {
  const { status, spec } = dog.live() ?? {};
  const { canary, blueGreen } = spec?.strategy ?? {};
  const stable = canary?.stableMetadata ?? blueGreen?.activeMetadata;
  const next = canary?.canaryMetadata ?? blueGreen?.previewMetadata;
  const workload = workloadIn(dog);
  const { template } = (spec?.workloadRef ? workload?.spec : spec) ?? {};
  const current = dog.sets().find((set) => podHashOf(set) === status?.currentPodHash);
  if (!template || !current) return;
  const judge = (what: string, metadata: ObjectMeta = {}): void => {
    for (const part of ['labels', 'annotations'] satisfies Part[]) {
      const wanted: Record<string, string | undefined> = {
        ...Object.fromEntries(Object.keys(next?.[part] ?? {}).map((name) => [name, undefined])),
        ...template.metadata?.[part],
        ...stable?.[part],
      };
      for (const [name, value] of Object.entries(wanted)) {
        const is = metadata[part]?.[name];
        if (is === value) continue;
        dog.fail('metadata of a role', `${what} has ${name} ${is} in its ${part}, not ${value}`);
      }
    }
  };
  judge(nameOf(current), current.spec?.template?.metadata);
  for (const pod of podsOf(dog, current)) judge(nameOf(pod), pod.metadata);
}

function podsOf({ cluster, key }: Stage['dog'], set: ReplicaSet) {
  return cluster.read
    .list('Pod', key.namespace)
    .filter((pod) => isControlledBy(pod, uidOf(set)) && !pod.metadata?.deletionTimestamp);
}
