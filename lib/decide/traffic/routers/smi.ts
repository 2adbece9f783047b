import type { SMITrafficRouting } from '../../../model/argo.generated.ts';
import { type KubernetesObject, typeMetaOf } from '../../../model/kinds.ts';
import type { Write } from '../../../model/plan.ts';
import { quantityNanos } from '../../../model/quantity.ts';
import { nameOf } from '../../../model/workload.ts';
import { type Backend, canaryPart } from '../backends.ts';
import { changed, type Named, namespaceOf, needOf, objectOf } from '../objects.ts';
import { created, ownObjectFaults, removed } from '../owned.ts';
import type { Routed, Router, TrafficGoal } from '../router.ts';

// A TrafficSplit of the Service Mesh Interface, which the rollout makes: meshes part what is sent to its
// root Service. argo v1.10.1 rollout/trafficrouting/smi/smi.go

type Split = { spec?: { service?: string; backends?: SplitBackend[] } };
/** A weight of v1alpha1 is a quantity, and of the later versions a number. */
type SplitBackend = { service?: string; weight?: number | string };

const field = 'spec.strategy.canary.trafficRouting.smi';

export const smi: Router = {
  name: 'smi',
  isUsed: (routing) => routing.smi !== undefined,
  can: ['additional'],
  needsServices: () => true,
  validate: () => [],
  needs: (routed) => [needOf(split(routed))],
  check: (routed) => ownObjectFaults(split(routed), routed),
  carries: (routed) => {
    const { ref } = split(routed);
    const answer = routed.answers.object(ref);
    // Where there is none, nothing is parted.
    if (answer && 'missing' in answer) return [{ ref, canary: [0] }];
    const found = objectOf(split(routed), routed.answers);
    const backends = found ? backendsIn(found).map(backendOf) : [];
    return backends.length > 0 ? [{ ref, canary: [canaryPart(backends, routed)] }] : [];
  },
  desired: splitWrites,
  giveBack: (routed) => removed(split(routed), routed),
};

function smiOf({ rollout }: Routed): SMITrafficRouting {
  return rollout.spec?.strategy?.canary?.trafficRouting?.smi ?? {};
}

function split(routed: Routed): Named<'TrafficSplit'> {
  const { rollout } = routed;
  const { trafficSplitName = '' } = smiOf(routed);
  const path = trafficSplitName === '' ? field : `${field}.trafficSplitName`;
  const name = trafficSplitName || nameOf(rollout);
  return { path, ref: { kind: 'TrafficSplit', namespace: namespaceOf(rollout), name } };
}

function backendsIn(found: KubernetesObject): SplitBackend[] {
  const { backends } = (found as Split).spec ?? {};
  return Array.isArray(backends) ? backends : [];
}

function backendOf({ service = '', weight = 0 }: SplitBackend): Backend {
  return { name: service, weight: Number(quantityNanos(weight) ?? 0n) / 1e9 };
}

function splitWrites(routed: Routed, { canary, additional, stable }: TrafficGoal): Write[] {
  const named = split(routed);
  if (ownObjectFaults(named, routed).length > 0) return [];
  const service = smiOf(routed).rootService || stable.service;
  const wanted = [canary, ...additional, stable].map((each) => ({
    service: each.service,
    weight: each.weight,
  }));
  const found = objectOf(named, routed.answers);
  if (!found) {
    const answer = routed.answers.object(named.ref);
    const other = answer && 'missing' in answer ? answer.apiVersion : undefined;
    const { apiVersion } = { ...typeMetaOf('TrafficSplit'), ...(other && { apiVersion: other }) };
    const spec = { service, backends: wanted.map((each) => inVersion(apiVersion, each)) };
    return [created(named, { spec }, routed)];
  }
  const there = backendsIn(found);
  const backends = wanted.map((each) => {
    const same = there.find((other) => other.service === each.service);
    const isSame = same && backendOf(same).weight === each.weight;
    return isSame ? same : { ...same, ...inVersion(found.apiVersion ?? '', each) };
  });
  const { spec } = found as Split;
  return changed('TrafficSplit', found, { ...found, spec: { ...spec, service, backends } });
}

function inVersion(apiVersion: string, backend: { service: string; weight: number }): SplitBackend {
  const isQuantity = apiVersion.endsWith('/v1alpha1');
  return isQuantity ? { ...backend, weight: String(backend.weight) } : backend;
}
