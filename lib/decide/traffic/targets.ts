import type { Pod, Service } from '../../model/argo.generated.ts';
import type { KubernetesObject, ObjectRef } from '../../model/kinds.ts';
import type { Target, TargetGroup } from '../../model/loadBalancer.ts';
import { type Answer, type Answers, type ListRead, okOf, type Read } from '../../model/reads.ts';
import { nameOf } from '../../model/workload.ts';
import type { Fronted } from './router.ts';

// Which pods get requests by a target group: by their addresses, or by the nodes that they are on.

/** Why it is not known, and the right that is lacking. */
export type Failure = { failed: string; remedy?: string };

const nodesRead: ListRead<'Node'> = { list: 'Node', namespace: '' };

export function serviceRef({ ref: { namespace } }: Fronted, name: string): ObjectRef<'Service'> {
  return { kind: 'Service', namespace, name };
}

/** What is read of the cluster where instances are targets. */
export function targetReads(groups: TargetGroup[]): Read[] {
  return groups.some(({ targets }) => targets === 'instance') ? [nodesRead] : [];
}

type Asked = { service: string; targets: Target[]; answers: Answers };

/** Whether a pod gets the requests that a group does; or why that is not known. */
export function podJudge(
  front: Fronted,
  group: TargetGroup,
  { service, targets, answers }: Asked,
): ((pod: Pod) => boolean) | Failure {
  if (group.targets === 'ip') {
    const healthy = new Set(targets.filter(({ isHealthy }) => isHealthy).map(({ id }) => id));
    return ({ status }) => status?.podIP !== undefined && healthy.has(status.podIP);
  }
  if (group.targets !== 'instance') return () => false;
  const nodes = answers.list(nodesRead);
  const object = answers.object(serviceRef(front, service));
  const failure = [nodes, object].map(failureOf).find((each) => each !== undefined);
  if (failure) return failure;
  return byNode({ port: front.port, service: okOf(object), nodes: okOf(nodes) ?? [], targets });
}

function failureOf(answer: Answer | undefined): Failure | undefined {
  if (!answer) return { failed: 'they have not been looked at yet' };
  return 'failed' in answer ? answer : undefined;
}

type OnNodes = {
  port: number;
  service: Service | undefined;
  nodes: KubernetesObject[];
  targets: Target[];
};

/**
 * A target is a node with the Service's port on it. The pods of a node that is none get their requests by any
 * other, unless each is to keep them to its own pods.
 */
function byNode({ port, service, nodes, targets }: OnNodes): (pod: Pod) => boolean {
  const { ports = [], externalTrafficPolicy } = service?.spec ?? {};
  const nodePort = ports.find((each) => each.port === port)?.nodePort;
  const own = targets.filter((target) => nodePort !== undefined && target.port === nodePort);
  const instances = new Map(nodes.map((node) => [nameOf(node), instanceOf(node)]));
  return ({ spec }) => {
    const id = instances.get(spec?.nodeName ?? '');
    const target = own.find((each) => each.id === id);
    if (target || externalTrafficPolicy === 'Local') return target?.isHealthy === true;
    return own.some(({ isHealthy }) => isHealthy);
  };
}

/** A node of EC2 says which instance it is: aws:///eu-west-1a/i-0123456789abcdef0 */
function instanceOf({ spec }: KubernetesObject): string | undefined {
  const { providerID = '' } = (spec ?? {}) as { providerID?: string };
  return /^aws:.*\/(i-[\da-f]+)$/.exec(providerID)?.[1];
}
