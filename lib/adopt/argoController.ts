import type { Container, Deployment, ObjectMeta, Pod, PodSpec } from '../model/argo.generated.ts';
import type { Kind } from '../model/kinds.ts';
import type { Lease } from '../model/lease.ts';
import { countText } from '../model/text.ts';
import { fromTime, humanDuration, type Millis, secondMs } from '../model/units.ts';
import { nameOf } from '../model/workload.ts';

/** Which rollouts are to be taken: those of an instance, in some namespaces or, where none is named, all. */
export type Scope = { instanceId: string; namespaces: string[] };

/** What was found of Argo's controllers. */
export type Traces = { deployments: Deployment[]; pods: Pod[]; leases: Lease[] };

/** One trace of one of Argo's controllers, and whether it drives rollouts that are to be taken. */
export type ArgoController = {
  kind: Kind;
  namespace: string;
  name: string;
  /** Which rollouts it drives. */
  drives: string;
  /** What it is doing. */
  state: string;
  isRival: boolean;
  /** What would stop it; only of a conflicting one. */
  remedy?: string;
};

/** argo v1.10.1 controller/controller.go leaseLockName: with an instance id, that follows after a dash. */
const lockName = 'argo-rollouts-controller-lock';
/** argo v1.10.1 controller/controller.go DefaultLeaderElectionLeaseDuration */
const leaseSeconds = 15;

/** The labels of Argo's own manifests and of its chart; its dashboard has another component. */
export const controllerSelectors = [
  'app.kubernetes.io/name=argo-rollouts',
  'app.kubernetes.io/component=rollouts-controller',
];

export function isControllers(object: Deployment | Pod): boolean {
  const component = object.metadata?.labels?.['app.kubernetes.io/component'];
  return component === undefined || component === 'rollouts-controller';
}

export function isLock(lease: Lease): boolean {
  return nameOf(lease) === lockName || nameOf(lease).startsWith(`${lockName}-`);
}

/** Every trace of a controller, rivals first. */
export function incumbents(traces: Traces, scope: Scope, now: Millis): ArgoController[] {
  const running = traces.pods.filter(isRunning);
  const deployments = traces.deployments.map((each) => ofDeployment(each, running, scope));
  const stray = running.filter((pod) => !traces.deployments.some((each) => isOf(pod, each)));
  const pods = stray.map((pod) => ofPod(pod, scope));
  const leases = traces.leases.map((lease) =>
    ofLease(lease, { ...traces, pods: running }, scope, now),
  );
  return [...deployments, ...pods, ...leases].sort((a, b) => Number(b.isRival) - Number(a.isRival));
}

type Named = { metadata?: ObjectMeta };

function isRunning({ status }: Pod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

/** A Deployment's pods have its name, and two random parts after it. */
function isOf(pod: Named, deployment: Deployment): boolean {
  const isNear = pod.metadata?.namespace === deployment.metadata?.namespace;
  const prefix = `${nameOf(deployment)}-`;
  const rest = nameOf(pod).slice(prefix.length);
  return isNear && nameOf(pod).startsWith(prefix) && /^[a-z0-9]+-[a-z0-9]+$/.test(rest);
}

function ofDeployment(deployment: Deployment, running: Pod[], scope: Scope): ArgoController {
  const { namespace = '', name = '' } = deployment.metadata ?? {};
  const wanted = deployment.spec?.replicas ?? 1;
  const pods = running.filter((pod) => isOf(pod, deployment)).length;
  const settings = settingsOf(deployment.spec?.template?.spec, namespace);
  const isRival = (wanted > 0 || pods > 0) && drives(settings, scope);
  const scaling = `kubectl -n ${namespace} scale deployment ${name} --replicas=0`;
  return {
    ...{ kind: 'Deployment', namespace, name, drives: domainText(settings), isRival },
    state: `is to run ${countText(wanted, 'pod')}, runs ${pods}`,
    ...(isRival && { remedy: wanted > 0 ? scaling : 'wait until its last pod is gone' }),
  };
}

function ofPod(pod: Pod, scope: Scope): ArgoController {
  const { namespace = '', name = '', ownerReferences = [], deletionTimestamp } = pod.metadata ?? {};
  const settings = settingsOf(pod.spec, namespace);
  const isRival = drives(settings, scope);
  const owner = ownerReferences.find(({ controller }) => controller);
  const maker = owner ? `${owner.kind} ${owner.name}, which runs ` : '';
  return {
    ...{ kind: 'Pod', namespace, name, drives: domainText(settings), isRival },
    state: deletionTimestamp ? 'is ending' : `is ${pod.status?.phase ?? 'there'}`,
    ...(isRival && {
      remedy: deletionTimestamp
        ? `wait until pod ${name} is gone`
        : `stop ${maker}pod ${name} in namespace ${namespace}`,
    }),
  };
}

function ofLease(
  lease: Lease,
  { deployments, pods }: Traces,
  scope: Scope,
  now: Millis,
): ArgoController {
  const { namespace = '', name = '' } = lease.metadata ?? {};
  const {
    holderIdentity: holder = '',
    leaseDurationSeconds = leaseSeconds,
    renewTime,
  } = lease.spec ?? {};
  // The holder calls itself by its host name, which is its pod's, and something random.
  const host = { metadata: { namespace, name: holder.split('_')[0] ?? '' } };
  const pod = pods.find((each) => isSame(each, host));
  const spec = pod?.spec ?? deployments.find((each) => isOf(host, each))?.spec?.template?.spec;
  const settings = spec
    ? settingsOf(spec, namespace)
    : { instanceId: name.slice(lockName.length + 1), isDriver: true };
  const renewedAt = renewTime ? fromTime(renewTime) : Number.NaN;
  const endsAt = renewedAt + leaseDurationSeconds * secondMs;
  const isHeld = holder !== '' && endsAt > now;
  const isRival = isHeld && drives(settings, scope);
  const renewed = renewTime ? `renewed ${ago(renewedAt, now)}` : 'never renewed';
  const after = `it runs out in ${humanDuration(endsAt - now)} unless renewed`;
  return {
    ...{ kind: 'Lease', namespace, name, drives: domainText(settings), isRival },
    state:
      holder === '' ? 'nobody holds it' : `${isHeld ? 'held' : 'left'} by ${holder}, ${renewed}`,
    ...(isRival && {
      remedy: pod
        ? `wait until lease ${namespace}/${name} has run out, ${leaseDurationSeconds}s after its pod is gone`
        : `stop ${holder} if it still runs, and wait for lease ${namespace}/${name}: ${after}`,
    }),
  };
}

function isSame(a: Named, b: Named): boolean {
  return a.metadata?.namespace === b.metadata?.namespace && nameOf(a) === nameOf(b);
}

function ago(at: Millis, now: Millis): string {
  return `${humanDuration(now - at)} ago`;
}

/** Which rollouts a controller drives, by how it was started. An unknown instance id may be any. */
type Settings = { instanceId?: string; namespace?: string; isDriver: boolean };

/** argo v1.10.1 cmd/rollouts-controller/main.go */
function settingsOf(spec: PodSpec | undefined, ownNamespace: string): Settings {
  const containers = spec?.containers ?? [];
  const container = containers.find(isArgos) ?? containers[0];
  const flags = flagsOf(container);
  const instanceId = flags.get('instance-id') ?? '';
  const isNamespaced = /^(1|t|true)$/i.test(flags.get('namespaced') ?? '');
  const namespace = flags.get('namespace') || flags.get('n') || ownNamespace;
  return {
    // Where the value comes from elsewhere, it is not known.
    ...(!instanceId.includes('$(') && { instanceId }),
    ...(isNamespaced && !namespace.includes('$(') && { namespace }),
    isDriver: flags.get('controllers') !== 'analysis',
  };
}

function isArgos({ name = '', image = '' }: Container): boolean {
  return /argo-rollouts|rollouts-controller/.test(`${name} ${image}`);
}

/** `--name value`, `--name=value`, `-n value` and `--name`, with the container's variables put in. */
function flagsOf(container: Container | undefined): Map<string, string> {
  const known = new Map((container?.env ?? []).map(({ name, value }) => [name, value]));
  const words = [...(container?.command ?? []), ...(container?.args ?? [])].map((word) =>
    word.replace(/\$\(([^)]+)\)/g, (whole, name) => known.get(name) ?? whole),
  );
  const flags = new Map<string, string>();
  for (const [index, word] of words.entries()) {
    const [, name = '', value] = /^--?([a-zA-Z][\w-]*)(?:=(.*))?$/s.exec(word) ?? [];
    const next = words[index + 1] ?? '';
    if (name === 'namespaced') flags.set(name, value ?? 'true');
    else if (name !== '') flags.set(name, value ?? (next.startsWith('-') ? '' : next));
  }
  return flags;
}

function drives({ instanceId, namespace, isDriver }: Settings, scope: Scope): boolean {
  const isInstance = instanceId === undefined || instanceId === scope.instanceId;
  const isPlace =
    namespace === undefined ||
    scope.namespaces.length === 0 ||
    scope.namespaces.includes(namespace);
  return isDriver && isInstance && isPlace;
}

function domainText({ instanceId, namespace, isDriver }: Settings): string {
  if (!isDriver) return 'analysis runs only';
  const where = namespace === undefined ? 'all namespaces' : `namespace ${namespace}`;
  if (instanceId === undefined) return `${where}, with an instance id that its pod does not tell`;
  return instanceId === ''
    ? `${where}, without an instance id`
    : `${where}, instance ${instanceId}`;
}
