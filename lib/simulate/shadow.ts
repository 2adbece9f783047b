import { Conflict, NotFound } from '../errors.ts';
import { parseSelector, selects } from '../kubernetes/selectors.ts';
import type { ObjectMeta } from '../model/argo.generated.ts';
import { applyMergePatch, deepEqual } from '../model/patch.ts';
import { type Millis, toTime } from '../model/units.ts';
import type { Cluster, Kind, Kinds } from '../world.ts';
import { type AnyObject, admitted } from './apiServer/admission.ts';

/** What would have become of an object: made without `before`, gone without `after`. */
export type Touched = { [K in Kind]: { kind: K; before?: Kinds[K]; after?: Kinds[K] } }[Kind];

type Shadow = { kind: Kind; before?: AnyObject; after?: AnyObject };
type Target = { namespace: string; name: string; resourceVersion?: string };

/**
 * A real cluster that is only read: writes go nowhere, but who reads after them finds them done. No
 * controller answers them, so what follows from pods that come and go does not happen.
 */
export function shadowCluster(
  live: Pick<Cluster, 'get' | 'list'>,
  now: Millis,
): { cluster: Cluster; touched: () => Touched[] } {
  const shadows = new Map<string, Shadow>();
  const find = (kind: Kind, { namespace, name }: Target): Shadow | undefined =>
    shadows.get(`${kind} ${namespace}/${name}`);
  const get = async <K extends Kind>(kind: K, namespace: string, name: string) => {
    const known = find(kind, { namespace, name });
    if (!known) return await live.get(kind, namespace, name);
    if (!known.after) throw new NotFound(`${kind} ${namespace}/${name} would be gone`);
    return known.after as Kinds[K];
  };
  const put = async (
    kind: Kind,
    target: Target,
    change: (object: AnyObject) => AnyObject | undefined,
  ) => {
    const { namespace, name } = target;
    const object = (await get(kind, namespace, name)) as AnyObject;
    const version = object.metadata?.resourceVersion;
    if (target.resourceVersion !== undefined && target.resourceVersion !== version) {
      throw new Conflict(`${kind} ${namespace}/${name} is of version ${version}`);
    }
    const known = find(kind, target);
    const before = known ? known.before : object;
    const after = change(object);
    shadows.set(`${kind} ${namespace}/${name}`, {
      kind,
      ...(before && { before }),
      ...(after && { after }),
    });
    return after;
  };
  const cluster: Cluster = {
    doorbell: true,
    get,
    list: async (kind, namespace, selector) => {
      const found = await live.list(kind, namespace, selector);
      const left = found.filter(({ metadata }) => !find(kind, targetOf(metadata)));
      const terms = parseSelector(selector ?? '');
      const changed = [...shadows.values()].flatMap((each) =>
        each.kind === kind && each.after ? [each.after as (typeof found)[number]] : [],
      );
      return [
        ...left,
        ...changed.filter(
          ({ metadata }) =>
            ['', metadata?.namespace].includes(namespace) && selects(terms, metadata?.labels ?? {}),
        ),
      ];
    },
    create: async (kind, object, { dryRun = false } = {}) => {
      if (kind === 'Event') return object;
      const target = targetOf(object.metadata);
      if (await exists(get(kind, target.namespace, target.name))) {
        throw new Conflict(`${kind} ${target.namespace}/${target.name} exists already`);
      }
      const made = born(admitted(kind, object), now);
      if (!dryRun) shadows.set(`${kind} ${target.namespace}/${target.name}`, { kind, after: made });
      return made as typeof object;
    },
    patch: async (kind, target, patch, { subresource } = {}) => {
      const change = subresource === 'status' ? { status: patch.status } : patch;
      const after = await put(kind, target, (object) =>
        next(object, applyMergePatch(object, change)),
      );
      return after as Kinds[typeof kind];
    },
    remove: async (kind, target) => {
      await put(kind, target, () => undefined);
    },
    // That its pod goes takes a while; nothing else would happen in this turn.
    evict: async (namespace, name) => {
      await put('Pod', { namespace, name }, () => undefined);
      return false;
    },
  };
  return { cluster, touched: () => [...shadows.values()] as Touched[] };
}

function targetOf(metadata: ObjectMeta = {}): Target {
  return { namespace: metadata.namespace ?? 'default', name: metadata.name ?? '' };
}

async function exists(found: Promise<unknown>): Promise<boolean> {
  try {
    await found;
    return true;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}

function born(object: AnyObject, now: Millis): AnyObject {
  const { name } = object.metadata ?? {};
  const server = { uid: `shadow-of-${name}`, resourceVersion: 'shadow', generation: 1 };
  return { ...object, metadata: { ...object.metadata, ...server, creationTimestamp: toTime(now) } };
}

function next(before: AnyObject, after: AnyObject): AnyObject {
  const { generation, resourceVersion } = before.metadata ?? {};
  const isSame = deepEqual(before.spec, after.spec);
  const metadata = {
    ...after.metadata,
    generation: isSame ? generation : Number(generation ?? 0) + 1,
    resourceVersion: `${resourceVersion}+`,
  };
  return { ...after, metadata };
}
