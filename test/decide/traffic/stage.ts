import { expect } from 'vitest';
import { canaryWeights } from '../../../lib/decide/traffic/routed.ts';
import type {
  Carried,
  Destination,
  Hashes,
  ManagedRoute,
  Router,
} from '../../../lib/decide/traffic/router.ts';
import { parseSelector, selects } from '../../../lib/kubernetes/selectors.ts';
import type {
  CanaryStrategy,
  PodTemplateSpec,
  Rollout,
  RolloutStatus,
  RolloutTrafficRouting,
} from '../../../lib/model/argo.generated.ts';
import type { FieldError } from '../../../lib/model/faults.ts';
import { type Kind, type KubernetesObject, typeMetaOf } from '../../../lib/model/kinds.ts';
import { applyMergePatch, mergePatches } from '../../../lib/model/patch.ts';
import type { Write } from '../../../lib/model/plan.ts';
import { type Answer, answersIn, type Read, readKey } from '../../../lib/model/reads.ts';

/** A router on a cluster of its own, which answers its needs and takes its writes. */
export type RouterStage = {
  objects: () => KubernetesObject[];
  object: (kind: Kind, name: string) => KubernetesObject | undefined;
  put: (object: KubernetesObject) => void;
  remove: (kind: Kind, name: string) => void;
  /** What is read of such an object fails. */
  fail: (kind: Kind, name: string, why: string, remedy?: string, namespace?: string) => void;
  /** What is listed of such a kind is answered like this. */
  failList: (kind: Kind, answer: Answer) => void;
  /** How the cluster serves a kind, if not in the preferred version. */
  serve: (kind: Kind, how: { unserved?: true; apiVersion?: string }) => void;
  check: () => FieldError[];
  canaryWeights: () => number[];
  carries: () => Carried[];
  hashes: () => Hashes | undefined;
  /** Turns until nothing is left to write. A second turn must have nothing to write any more. */
  reach: (goal: Partial<Goal>) => Write[];
  giveBack: () => Write[];
};

type Goal = {
  weight: number;
  total: number;
  additional: Destination[];
  routes: ManagedRoute[];
  hashes: { canary: string; stable: string };
};

type Options = {
  routing: RolloutTrafficRouting;
  objects: KubernetesObject[];
  canary?: CanaryStrategy;
  /** Where they are not those of the spec: ping and pong. */
  services?: { canary: string; stable: string };
  template?: PodTemplateSpec;
  status?: RolloutStatus;
};

const services = { canary: 'canary', stable: 'stable' };
export const hashes = { canary: 'c4n4ry', stable: '5t4bl3' };

/** What the objects have that the Rollout has made. */
export const owner = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  name: 'web',
  uid: 'uid-of-web',
  controller: true,
  blockOwnerDeletion: true,
};

/** The Rollout `web` in namespace `app`, with Services `canary` and `stable`. */
export function routerStage(
  router: Router,
  { routing, objects, canary = {}, services: led = services, template = {}, status = {} }: Options,
): RouterStage {
  const rollout: Rollout = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: 'app', uid: 'uid-of-web', resourceVersion: '1' },
    spec: {
      template,
      strategy: {
        canary: {
          ...{ canaryService: services.canary, stableService: services.stable },
          ...canary,
          trafficRouting: routing,
        },
      },
    },
    status: { currentPodHash: hashes.canary, stableRS: hashes.stable, ...status },
  };
  let version = 1;
  const kept = new Map<string, KubernetesObject>();
  const failures = new Map<string, Answer>();
  const lists = new Map<Kind, Answer>();
  const served = new Map<Kind, { unserved?: true; apiVersion?: string }>();
  const idOf = (kind: Kind, namespace: string, name: string) =>
    place({ ...typeMetaOf(kind), metadata: { namespace, name } });
  const put = (object: KubernetesObject): void => {
    version += 1;
    const { name = '', namespace = 'app' } = object.metadata ?? {};
    const identity = { namespace, resourceVersion: String(version) };
    kept.set(place(object), {
      ...object,
      metadata: { uid: `uid-of-${name}`, ...object.metadata, ...identity },
    });
  };
  for (const object of objects) put(object);

  const answer = (read: Read): Answer => {
    if ('object' in read) {
      const { kind, namespace, name } = read.object;
      const id = idOf(kind, namespace, name);
      const failure = failures.get(id);
      if (failure) return failure;
      const found = kept.get(id);
      return found ? { ok: found } : { missing: true, ...served.get(kind) };
    }
    if (!('list' in read)) throw new Error('a router tries to create nothing');
    const failure = lists.get(read.list);
    if (failure) return failure;
    const start = idOf(read.list, read.namespace, '');
    const selector = parseSelector(read.selector ?? '');
    const listed = [...kept].filter(
      ([id, { metadata }]) => id.startsWith(start) && selects(selector, metadata?.labels ?? {}),
    );
    return { ok: listed.map(([, object]) => object) };
  };

  const routed = () => {
    const known = new Map<string, Answer>();
    const answers = answersIn(known);
    for (let round = 0; round < 4; round += 1) {
      const needs = router.needs({ rollout, services: led, answers });
      const open = needs.filter(({ read }) => !known.has(readKey(read)));
      if (open.length === 0) return { rollout, services: led, answers };
      for (const { read } of open) known.set(readKey(read), answer(read));
    }
    throw new Error('there is more to read after four rounds');
  };

  const carryOut = (write: Write): void => {
    if (write.do === 'create') {
      expect(kept.has(place(write.object as KubernetesObject)), 'it is there already').toBe(false);
      put({ ...(write.object as KubernetesObject), ...typeMetaOf(write.kind) });
      return;
    }
    const { kind, namespace, name } = write.ref;
    const id = idOf(kind, namespace, name);
    const found = kept.get(id);
    if (!found) throw new Error(`${id} does not exist`);
    if (write.do === 'patch') {
      expect(write.ref.resourceVersion).toBe(found.metadata?.resourceVersion);
      put(applyMergePatch(found, mergePatches(write.patch, write.optional ?? {})));
    }
    if (write.do === 'delete') {
      expect(write.ref.uid).toBe(found.metadata?.uid);
      kept.delete(id);
    }
  };

  const settle = (decide: () => Write[]): Write[] => {
    const writes = decide();
    for (const write of writes) carryOut(write);
    expect(decide(), 'a second turn writes nothing').toEqual([]);
    return writes;
  };

  return {
    objects: () => [...kept.values()],
    object: (kind, name) => kept.get(idOf(kind, 'app', name)),
    put,
    remove: (kind, name) => void kept.delete(idOf(kind, 'app', name)),
    fail: (kind, name, failed, remedy, namespace = 'app') => {
      const failure = { failed, passing: false, ...(remedy !== undefined && { remedy }) };
      failures.set(idOf(kind, namespace, name), failure);
    },
    failList: (kind, failure) => void lists.set(kind, failure),
    serve: (kind, how) => void served.set(kind, how),
    check: () => router.check(routed()),
    canaryWeights: () => canaryWeights({ router, routed: routed() }),
    carries: () => router.carries(routed()),
    hashes: () => router.hashes?.(routed()),
    reach: ({ weight = 0, total = 100, additional = [], routes = [], hashes: ofGoal = hashes }) => {
      const taken = additional.reduce((sum, each) => sum + each.weight, 0);
      const goal = {
        ...{ total, additional, routes },
        canary: { service: led.canary, weight, hash: ofGoal.canary },
        stable: { service: led.stable, weight: total - weight - taken, hash: ofGoal.stable },
      };
      return settle(() => router.desired(routed(), goal));
    },
    giveBack: () => settle(() => router.giveBack(routed())),
  };
}

/** Of whatever version. */
function place({ apiVersion = '', kind, metadata }: KubernetesObject): string {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  return `${group}/${kind}/${metadata?.namespace ?? 'app'}/${metadata?.name}`;
}

/** An object as people write it. */
export function manifest(kind: Kind, name: string, fields: object): KubernetesObject {
  return { ...typeMetaOf(kind), metadata: { name, namespace: 'app' }, ...fields };
}
