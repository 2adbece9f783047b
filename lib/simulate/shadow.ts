import { Conflict, NotFound } from '../errors.ts';
import { parseSelector, selects } from '../kubernetes/selectors.ts';
import { type Kind, type Kinds, type ObjectRef, refText } from '../model/kinds.ts';
import { applyMergePatch, deepEqual } from '../model/patch.ts';
import { type MergePatch, refOf } from '../model/plan.ts';
import { type Millis, toTime } from '../model/units.ts';
import type { Cluster, ReadableCluster } from '../world.ts';
import { type AnyObject, admitted } from './apiServer/admission.ts';

/** What would have become of an object: made without `before`, gone without `after`. */
export type Touched = { [K in Kind]: { kind: K; before?: Kinds[K]; after?: Kinds[K] } }[Kind];

type Shadow = { kind: Kind; before?: AnyObject; after?: AnyObject };

/**
 * A real cluster that is only read: writes go nowhere, but who reads after them finds them done. No
 * controller answers them, so what follows from pods that come and go does not happen.
 */
export function shadowCluster(
  live: ReadableCluster,
  now: Millis,
): { cluster: Cluster; touched: () => Touched[] } {
  const shadows = new Map<string, Shadow>();
  const find = (ref: ObjectRef): Shadow | undefined => shadows.get(refText(ref));
  const get = async <K extends Kind>(ref: ObjectRef<K>) => {
    const known = find(ref);
    if (!known) return await live.get(ref);
    if (!known.after) throw new NotFound(`${refText(ref)} would be gone`);
    return known.after as Kinds[K];
  };
  const put = async (
    { kind, namespace, name, resourceVersion }: ObjectRef,
    change: (object: AnyObject) => AnyObject | undefined,
  ) => {
    const ref = { kind, namespace, name };
    const object = (await get(ref)) as AnyObject;
    const version = object.metadata?.resourceVersion;
    if (resourceVersion !== undefined && resourceVersion !== version) {
      throw new Conflict(`${refText(ref)} is of version ${version}`);
    }
    const known = find(ref);
    const before = known ? known.before : object;
    const after = change(object);
    shadows.set(refText(ref), { kind, ...(before && { before }), ...(after && { after }) });
    return after;
  };
  const cluster: Cluster = {
    doorbell: true,
    get,
    list: async (kind, namespace, selector) => {
      const found = await live.list(kind, namespace, selector);
      const left = found.filter((each) => !find(refOf(kind, each)));
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
      const ref = refOf(kind, object);
      if (await exists(get(ref))) throw new Conflict(`${refText(ref)} exists already`);
      const made = born(admitted(kind, object), now);
      if (!dryRun) shadows.set(refText(ref), { kind, after: made });
      return made as typeof object;
    },
    patch: async <K extends Kind>(
      ref: ObjectRef<K>,
      patch: MergePatch,
      options: { subresource?: 'status' | 'scale' } = {},
    ) => {
      const change = options.subresource === 'status' ? { status: patch.status } : patch;
      const after = await put(ref, (object) => next(object, applyMergePatch(object, change)));
      return after as Kinds[K];
    },
    remove: async (ref) => {
      await put(ref, () => undefined);
    },
    // That its pod goes takes a while; nothing else would happen in this turn.
    evict: async ({ namespace, name }) => {
      await put({ kind: 'Pod', namespace, name }, () => undefined);
      return false;
    },
  };
  return { cluster, touched: () => [...shadows.values()] as Touched[] };
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
