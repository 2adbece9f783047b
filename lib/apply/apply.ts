import { ifGone, NotFound, remedyOf, Terminal, Transient } from '../errors.ts';
import type { Key } from '../model/key.ts';
import { type ObjectRef, refText } from '../model/kinds.ts';
import { mergePatches } from '../model/patch.ts';
import {
  type PassedOver,
  type Patch,
  phases,
  type RefusedPatch,
  type RouteFailure,
  refOf,
  type Write,
} from '../model/plan.ts';
import { versionOf } from '../model/workload.ts';
import type { Cluster, World } from '../world.ts';

/** `isIdle`: nothing had an effect; it was refused, or a disruption budget refused every eviction. */
export type Applied = { isIdle: boolean } & PassedOver;

/**
 * Carries a plan's writes out, phase by phase. Each is conditioned on what was observed, so the first that
 * no longer fits ends the turn with Conflict and no later phase is begun. What is optional and was refused
 * by the API server is passed over, and answered, and so is what an object of a router could not be made.
 */
export async function apply(
  world: Pick<World, 'cluster' | 'log'>,
  key: Key,
  writes: Write[],
): Promise<Applied> {
  const cluster = await world.cluster(key.cluster);
  const refusals: RefusedPatch[] = [];
  const unrouted: RouteFailure[] = [];
  /** The versions that this turn's own writes gave. */
  const versions = new Map<string, string>();
  let effects = 0;
  const carryOut = async (write: Write): Promise<void> => {
    const { kind, name } = targetOf(write);
    const written = await perform(cluster, write, { versions, refusals }).catch(
      (error: unknown) => {
        if (write.phase !== 'route') throw error;
        unrouted.push(failureOf(error));
        return false;
      },
    );
    if (written === false) return;
    effects += 1;
    world.log('info', `${write.do} ${kind}`, { ...key, object: name });
  };
  const inOrder = async (chain: Write[]): Promise<void> => {
    for (const write of chain) await carryOut(write);
  };
  for (const group of grouped(writes)) {
    const results = await Promise.allSettled(chained(group).map(inOrder));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }
  return { isIdle: effects === 0, refusals, unrouted };
}

/** What was only looked at too early is no failure. */
function failureOf(error: unknown): RouteFailure {
  const passing = error instanceof Transient;
  if (!passing && !(error instanceof Terminal)) throw error;
  return { why: error.message, passing, ...remedyOf(error) };
}

/**
 * By phase. Sizes and the status go side by side where no other phase lies between: neither needs the other
 * to have arrived.
 */
function grouped(writes: Write[]): Write[][] {
  const groups: Write[][] = [];
  for (const phase of phases) {
    const now = writes.filter((write) => write.phase === phase);
    const last = groups.at(-1);
    if (now.length === 0) continue;
    if (last && [...last, ...now].every(isFree)) last.push(...now);
    else groups.push(now);
  }
  return groups;
}

function isFree({ phase }: Write): boolean {
  return phase === 'grow' || phase === 'shrink' || phase === 'status';
}

/** Writes to one object build on each other, and follow each other. */
function chained(writes: Write[]): Write[][] {
  const chains = new Map<string, Write[]>();
  for (const write of writes) {
    const id = refText(targetOf(write));
    chains.set(id, [...(chains.get(id) ?? []), write]);
  }
  return [...chains.values()];
}

function targetOf(write: Write): ObjectRef {
  return write.do === 'create' ? refOf(write.kind, write.object) : write.ref;
}

type Progress = { versions: Map<string, string>; refusals: RefusedPatch[] };

/** Answers false when the write had no effect. */
async function perform(cluster: Cluster, write: Write, progress: Progress): Promise<boolean> {
  switch (write.do) {
    case 'create':
      await cluster.create(write.kind, write.object);
      return true;
    case 'patch':
      return patched(cluster, write, progress);
    case 'delete':
      await cluster.remove(write.ref).catch(ifGone);
      return true;
    case 'evict':
      // `false`: a disruption budget forbids it now; the pod is still old in the next turn.
      return (await cluster.evict(write.ref).catch(ifGone)) !== false;
    default:
      return write satisfies never;
  }
}

/** In one write; without what is optional where the API server refuses that. */
async function patched(
  cluster: Cluster,
  { ref: observed, patch, optional, status }: Patch,
  { versions, refusals }: Progress,
): Promise<boolean> {
  const id = refText(observed);
  const { kind, namespace, name } = observed;
  const resourceVersion = versions.get(id) ?? observed.resourceVersion;
  const ref = { kind, namespace, name, resourceVersion };
  const write = async (all: Patch['patch']): Promise<void> => {
    const options = status ? { subresource: 'status' as const } : {};
    versions.set(id, versionOf(await cluster.patch(ref, all, options)));
  };
  if (optional === undefined) {
    await write(patch);
    return true;
  }
  const isAlone = Object.keys(patch).length === 0;
  try {
    await write(mergePatches(patch, optional));
    return true;
  } catch (error) {
    // One that went away in the meantime needs no metadata.
    if (kind === 'Pod' && error instanceof NotFound) return true;
    if (!(error instanceof Terminal)) throw error;
    if (!isAlone) await write(patch);
    refusals.push({ kind, patch: optional, why: error.message });
    return !isAlone;
  }
}
