import type { ReplicaSet, Service } from '../model/argo.generated.ts';
import { hashLabel, managedByAnnotation } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import { givenBack, selectedHash, serviceFields, serviceNames } from '../model/reference.ts';
import {
  annotationOf,
  availableOf,
  currentOf,
  desiredOf,
  nameOf,
  podHashOf,
  replicasOf,
  sum,
  versionOf,
} from '../model/workload.ts';
import type { Changes } from './changes.ts';
import { cutoverOf, strategyOf } from './cutover.ts';
import { isAborted, isBlueGreen, type Release } from './release.ts';
import type { Fault } from './validate.ts';
import { isFree, isHandedBack, othersServe } from './wayBack.ts';

/**
 * What is wrong with the Services themselves.
 * argo v1.10.1 pkg/apis/rollouts/validation/validation_references.go
 */
export function serviceFaults({ rollout, services }: Observed): Fault[] {
  const labels = rollout.spec?.template?.metadata?.labels ?? {};
  return serviceFields(rollout).flatMap(([path, name]) => {
    const service = services[name];
    if (!service) return [{ path, message: `names the Service ${name}, which does not exist` }];
    const owner = annotationOf(service, managedByAnnotation) ?? nameOf(rollout);
    if (owner !== nameOf(rollout)) {
      const message = `names the Service ${name}, which belongs to the rollout ${owner}`;
      return [{ path, message }];
    }
    const selector = Object.entries(service.spec?.selector ?? {});
    const stranger = selector.find(([key, value]) => key !== hashLabel && labels[key] !== value);
    if (!stranger) return [];
    const asked = `selects ${stranger.join('=')}, which the template does not carry`;
    return [{ path, message: `names the Service ${name}, which ${asked}` }];
  });
}

/**
 * The Services that the spec named once and that still carry the rollout's mark: of another strategy,
 * or under another name. argo v1.10.1 service/service.go
 */
export function formerServices({ rollout, services }: Observed): Service[] {
  const named = serviceNames(rollout);
  return Object.entries(services).flatMap(([name, service]) => {
    const isFormer = service !== null && !named.includes(name);
    return isFormer && annotationOf(service, managedByAnnotation) === nameOf(rollout)
      ? [service]
      : [];
  });
}

/** Points the Services of either strategy at their ReplicaSets, and gives back those not named any more. */
export function switchServices(release: Release, changes: Changes): void {
  for (const service of formerServices(release.observed)) {
    const resourceVersion = versionOf(service);
    // It leads to all pods then: those that this turn takes away go first.
    changes.after.push({
      do: 'patchService',
      ...{ name: nameOf(service), resourceVersion, patch: givenBack },
    });
  }
  if (!isBlueGreen(release)) {
    switchCanaryServices(release, changes);
    return;
  }
  const { activeService, previewService } = strategyOf(release);
  const { activeAfter, previewAfter } = cutoverOf(release);
  lead(release, changes, previewService, previewAfter);
  lead(release, changes, activeService, activeAfter);
}

/** Points a Service at a version, unless it leads to the workload's pods, and to those of both. */
function lead(release: Release, changes: Changes, name: string | undefined, hash: string): void {
  if (giveBack(release, changes, name)) return;
  const service = name ? release.observed.services[name] : undefined;
  const isFreeNow = service && isFree(release.observed, service);
  if (!isFreeNow || mayTake(release, changes, hash)) select(release, changes, name, hash);
}

/**
 * Whether a Service may leave the workload's pods for those of a version: when all of these are available,
 * or some of them where nothing else serves, or where an abort asks for them.
 */
function mayTake(release: Release, changes: Changes, hash: string): boolean {
  const set = release.all.find((each) => podHashOf(each) === hash);
  if (!set || replicasOf(release.rollout) === 0 || availableOf(set) === 0) return false;
  const isFull = availableOf(set) >= sizeAfter(set, changes);
  return isFull || isAborted(release) || !othersServe(release.observed);
}

/**
 * Gives a Service back to the workload when the rollout is to have no pods, before those it leads to go:
 * docs/adr/0027-back-to-the-deployment.md. Whether it is the workload's after this turn.
 */
function giveBack(release: Release, changes: Changes, name: string | undefined): boolean {
  const service = name ? release.observed.services[name] : undefined;
  if (!service || !isHandedBack(release)) return false;
  const hash = selectedHash(service);
  const set = release.all.find((each) => podHashOf(each) === hash);
  // Pods that stay, such as those of a release that is held, keep it.
  if (set && sizeAfter(set, changes) > 0) return false;
  if (isFree(release.observed, service)) return true;
  // Without its hash it leads to every pod there is, those that nobody has consented to among them: these
  // go first. Where they stay, as in a release that is held, to lead to none would be worse.
  const going = release.all.filter(
    (each) => podHashOf(each) !== hash && sizeAfter(each, changes) === 0,
  );
  if (name === strategyOf(release).activeService && sum(going, currentOf) > 0) return false;
  const resourceVersion = versionOf(service);
  changes.before.push({
    do: 'patchService',
    ...{ name: nameOf(service), resourceVersion, patch: givenBack },
  });
  announceSwitch(changes, nameOf(service), hash, '');
  return true;
}

function sizeAfter(set: ReplicaSet, { patches }: Changes): number {
  const patch = patches.get(nameOf(set))?.spec as { replicas?: number } | undefined;
  return patch?.replicas ?? desiredOf(set);
}

/**
 * Points the canary's and the stable Service at their ReplicaSets, never at one without available
 * pods or about to have none, and takes a Service over only when the ReplicaSet is fully available.
 * After an abort both lead to stable. argo v1.10.1 rollout/service.go
 */
function switchCanaryServices(release: Release, changes: Changes): void {
  const canary = release.rollout.spec?.strategy?.canary;
  point(release, changes, canary?.stableService, stableTarget(release, changes));
  const target = isAborted(release) ? release.stable : release.current;
  point(release, changes, canary?.canaryService, target);
}

/** What is stable, unless this turn leaves it without pods: docs/adr/0018-stable-service.md */
function stableTarget({ stable, current }: Release, changes: Changes): ReplicaSet | undefined {
  if (!stable) return undefined;
  return sizeAfter(stable, changes) === 0 ? (current ?? stable) : stable;
}

function point(
  release: Release,
  changes: Changes,
  name: string | undefined,
  set: ReplicaSet | undefined,
): void {
  const service = name ? release.observed.services[name] : undefined;
  if (!service || giveBack(release, changes, name) || !set) return;
  const isManaged = annotationOf(service, managedByAnnotation) !== undefined;
  const isFull = desiredOf(set) > 0 && availableOf(set) >= desiredOf(set);
  if (availableOf(set) === 0 || sizeAfter(set, changes) === 0 || (!isManaged && !isFull)) return;
  select(release, changes, name, podHashOf(set));
}

/** One write, the mark of its rollout with it, if the Service leads elsewhere. */
function select(release: Release, changes: Changes, name: string | undefined, hash: string): void {
  const service = name ? release.observed.services[name] : undefined;
  const before = selectedHash(service);
  if (!service || hash === '' || before === hash) return;
  const isManaged = annotationOf(service, managedByAnnotation) !== undefined;
  const mark = { annotations: { [managedByAnnotation]: nameOf(release.rollout) } };
  changes.before.push({
    do: 'patchService',
    name: nameOf(service),
    resourceVersion: versionOf(service),
    patch: { ...(!isManaged && { metadata: mark }), spec: { selector: { [hashLabel]: hash } } },
  });
  announceSwitch(changes, nameOf(service), before, hash);
}

function announceSwitch(changes: Changes, name: string, before: string, after: string): void {
  const message = `Switched selector for service '${name}' from '${before}' to '${after}'`;
  changes.announcements.push({ type: 'Normal', reason: 'SwitchService', message });
}
