import type { ReplicaSet, Service } from '../../model/argo.generated.ts';
import type { FieldError } from '../../model/faults.ts';
import { hashLabel, managedByAnnotation } from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import { own } from '../../model/own.ts';
import { refOf } from '../../model/plan.ts';
import {
  givenBack,
  selectedHash,
  serviceFields,
  serviceNamed,
  serviceNames,
} from '../../model/reference.ts';
import {
  annotationOf,
  availableOf,
  currentOf,
  desiredOf,
  nameOf,
  podHashOf,
  replicasOf,
  sum,
} from '../../model/workload.ts';
import type { Draft } from '../release/draft.ts';
import { isFree, isHandedBack, othersServe } from '../release/handback.ts';
import { isAborted, isBlueGreen, isFullyPromoted, type Release } from '../release/release.ts';
import {
  canServe,
  isDynamic,
  isIdle,
  isRouted,
  isTakingOver,
  namedServices,
  pingPongOf,
  type Side,
} from '../release/traffic.ts';
import { cutoverOf, strategyOf } from './cutover.ts';

/**
 * What is wrong with the Services themselves.
 * argo v1.10.1 pkg/apis/rollouts/validation/validation_references.go
 */
export function serviceFaults({
  rollout,
  services,
}: Pick<Observed, 'rollout' | 'services'>): FieldError[] {
  const labels = rollout.spec?.template?.metadata?.labels ?? {};
  return serviceFields(rollout).flatMap(([path, name]) => {
    const service = own(services, name);
    if (!service) return [{ path, message: `names the Service ${name}, which does not exist` }];
    const owner = annotationOf(service, managedByAnnotation) ?? nameOf(rollout);
    if (owner !== nameOf(rollout)) {
      const message = `names the Service ${name}, which belongs to the rollout ${owner}`;
      return [{ path, message }];
    }
    const selector = Object.entries(service.spec?.selector ?? {});
    const stranger = selector.find(
      ([key, value]) => key !== hashLabel && own(labels, key) !== value,
    );
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
export function switchServices(release: Release, draft: Draft): void {
  for (const service of formerServices(release.observed)) {
    // It leads to all pods then: those that this turn takes away go first.
    const ref = refOf('Service', service);
    draft.writes.push({ phase: 'prune', do: 'patch', ref, patch: givenBack });
  }
  if (isRouted(release.rollout)) {
    switchRoutedServices(release, draft);
    return;
  }
  if (!isBlueGreen(release)) {
    switchCanaryServices(release, draft);
    return;
  }
  const { activeService, previewService } = strategyOf(release);
  const { activeAfter, previewAfter } = cutoverOf(release);
  lead(release, draft, previewService, previewAfter);
  lead(release, draft, activeService, activeAfter);
}

/** Points a Service at a version, unless it leads to the workload's pods, and to those of both. */
function lead(release: Release, draft: Draft, name: string | undefined, hash: string): void {
  if (giveBack(release, draft, name) || loses(release, draft, hash)) return;
  const service = serviceNamed(release.observed, name);
  const isFreeNow = service && isFree(release.observed, service);
  if (!isFreeNow || mayTake(release, draft, hash)) select(release, draft, name, hash);
}

/** Whether a version goes in this turn, on the way back to the workload: no Service is led to it. */
function loses(release: Release, draft: Draft, hash: string): boolean {
  const set = release.all.find((each) => podHashOf(each) === hash);
  return isHandedBack(release) && set !== undefined && sizeAfter(set, draft) === 0;
}

/**
 * Whether a Service may leave the workload's pods for those of a version: when all of these are available,
 * or some of them where nothing else serves, or where an abort asks for them.
 */
function mayTake(release: Release, draft: Draft, hash: string): boolean {
  const set = release.all.find((each) => podHashOf(each) === hash);
  if (!set || replicasOf(release.rollout) === 0 || availableOf(set) === 0) return false;
  const isFull = availableOf(set) >= sizeAfter(set, draft);
  return isFull || isAborted(release) || !othersServe(release.observed);
}

/**
 * Gives a Service back to the workload when the rollout is to have no pods, before those it leads to go:
 * docs/adr/0027-back-to-the-deployment.md. Whether it is the workload's after this turn.
 */
function giveBack(release: Release, draft: Draft, name: string | undefined): boolean {
  const service = serviceNamed(release.observed, name);
  if (!service || !isHandedBack(release)) return false;
  const hash = selectedHash(service);
  const set = release.all.find((each) => podHashOf(each) === hash);
  // Pods that stay, such as those of a release that is held, keep it.
  if (set && sizeAfter(set, draft) > 0) return false;
  if (isFree(release.observed, service)) return true;
  // Without its hash it leads to every pod there is, those that nobody has consented to among them: these
  // go first. Where they stay, as in a release that is held, to lead to none would be worse.
  const going = release.all.filter(
    (each) => podHashOf(each) !== hash && sizeAfter(each, draft) === 0,
  );
  if (name === strategyOf(release).activeService && sum(going, currentOf) > 0) return false;
  const ref = refOf('Service', service);
  draft.writes.push({ phase: 'point', do: 'patch', ref, patch: givenBack });
  announceSwitch(draft, nameOf(service), hash, '');
  return true;
}

function sizeAfter(set: ReplicaSet, { patches }: Draft): number {
  const patch = patches.get(nameOf(set))?.spec as { replicas?: number } | undefined;
  return patch?.replicas ?? desiredOf(set);
}

/**
 * Points the canary's and the stable Service at their ReplicaSets, never at one without available
 * pods or about to have none, and takes a Service over only when the ReplicaSet is fully available.
 * After an abort both lead to stable. argo v1.10.1 rollout/service.go
 */
function switchCanaryServices(release: Release, draft: Draft): void {
  const canary = release.rollout.spec?.strategy?.canary;
  point(release, draft, canary?.stableService, stableTarget(release, draft));
  const target = isAborted(release) ? release.stable : release.current;
  point(release, draft, canary?.canaryService, target);
}

/**
 * Of a canary with a router: a Service is led to a version that can serve what is sent to it. After an
 * abort the canary's leads to stable once nothing is sent there any more, or where the router cannot be told
 * so. Ping and pong stay where they are then. argo v1.10.1 rollout/service.go
 */
function switchRoutedServices(release: Release, draft: Draft): void {
  const { rollout, current, stable } = release;
  const named = namedServices(rollout);
  const pingPong = pingPongOf(rollout);
  const isCut = isAborted(release) && cannotBeTold(release);
  const isBack = isCut || (isAborted(release) && isIdle(release, 'canary'));
  // A version that was promoted before it had all requests gets them first.
  const isStill = isBack || isTakingOver(release.stable, release.traffic);
  const canary = isAborted(release) ? undefined : current;
  pointSide(release, draft, 'stable', { name: named.stable, set: stable });
  pointSide(release, draft, 'canary', { name: named.canary, set: isStill ? stable : canary });
  if (!pingPong) return;
  const next = isFullyPromoted(release) ? undefined : canary;
  pointSide(release, draft, 'stable', { name: pingPong.stable, set: stable });
  pointSide(release, draft, 'canary', { name: pingPong.canary, set: isCut ? stable : next });
}

/** Objects of the router are at fault, or may not be written. */
function cannotBeTold({ traffic, observed }: Release): boolean {
  const isRefused = observed.record?.routes?.refused !== undefined && !traffic?.isThere;
  return isRefused || (traffic?.faults.length ?? 0) > 0;
}

function pointSide(
  release: Release,
  draft: Draft,
  side: Side,
  { name, set }: { name: string; set: ReplicaSet | undefined },
): void {
  const service = serviceNamed(release.observed, name);
  if (!service || giveBack(release, draft, name) || !set) return;
  const isManaged = annotationOf(service, managedByAnnotation) !== undefined;
  const isFull = desiredOf(set) > 0 && availableOf(set) >= desiredOf(set);
  // The stable version has all its pods, unless it was scaled down for the canary.
  const isBack =
    isAborted(release) &&
    !isDynamic(release.rollout) &&
    !isTakingOver(release.stable, release.traffic);
  const mayLead = isBack ? availableOf(set) > 0 : canServe(release, side, set);
  if (sizeAfter(set, draft) === 0 || !mayLead || !(isManaged || isFull)) return;
  select(release, draft, name, podHashOf(set));
}

/** What is stable, unless this turn leaves it without pods: docs/adr/0018-stable-service.md */
function stableTarget({ stable, current }: Release, draft: Draft): ReplicaSet | undefined {
  if (!stable) return undefined;
  return sizeAfter(stable, draft) === 0 ? (current ?? stable) : stable;
}

function point(
  release: Release,
  draft: Draft,
  name: string | undefined,
  set: ReplicaSet | undefined,
): void {
  const service = serviceNamed(release.observed, name);
  if (!service || giveBack(release, draft, name) || !set) return;
  const isManaged = annotationOf(service, managedByAnnotation) !== undefined;
  const isFull = desiredOf(set) > 0 && availableOf(set) >= desiredOf(set);
  if (availableOf(set) === 0 || sizeAfter(set, draft) === 0 || (!isManaged && !isFull)) return;
  select(release, draft, name, podHashOf(set));
}

/** One write, the mark of its rollout with it, if the Service leads elsewhere. */
function select(release: Release, draft: Draft, name: string | undefined, hash: string): void {
  const service = serviceNamed(release.observed, name);
  const before = selectedHash(service);
  if (!service || hash === '' || before === hash) return;
  const isManaged = annotationOf(service, managedByAnnotation) !== undefined;
  const mark = { annotations: { [managedByAnnotation]: nameOf(release.rollout) } };
  draft.writes.push({
    ...{ phase: 'point', do: 'patch', ref: refOf('Service', service) },
    patch: { ...(!isManaged && { metadata: mark }), spec: { selector: { [hashLabel]: hash } } },
  });
  announceSwitch(draft, nameOf(service), before, hash);
}

function announceSwitch(draft: Draft, name: string, before: string, after: string): void {
  const message = `Switched selector for service '${name}' from '${before}' to '${after}'`;
  draft.events.push({ type: 'Normal', reason: 'SwitchService', message, ofObject: true });
}
