import { NotFound, Transient } from '../errors.ts';
import type { Kind, Kinds, ObjectRef } from '../model/kinds.ts';
import { rowOf, typeMetaOf } from '../model/kinds.ts';
import { fieldManager } from '../model/names.ts';
import type { MergePatch } from '../model/plan.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { Cluster } from '../world.ts';
import { describe, isBudgets, isRecord, refusal, type Subject, typed } from './answers.ts';
import { isName, pathOf } from './paths.ts';
import { inServedVersions } from './servedVersions.ts';
import { serviceProxy } from './serviceProxy.ts';
import { type Call, type Credentials, type Transport, transport } from './transport.ts';
import { type Found, type Watch, watch } from './watch.ts';

export type KubernetesOptions = Credentials & {
  /** Whether an admission webhook or a watch announces changes. */
  doorbell: boolean;
  userAgent?: string;
  /** How long one call may take, its answer included. */
  timeoutMs?: Millis;
  /** How many objects one page of a list holds. */
  pageSize?: number;
};

const defaults = { userAgent: 'serin', timeoutMs: 10 * secondMs, pageSize: 500 };
const mergePatch = 'application/merge-patch+json';

type Send = Transport['send'];

/** A cluster whose changes can be followed too. */
export type WatchedCluster = Cluster & { watch: Watch };

/** A Kubernetes API server as a World's Cluster. */
export function kubernetesCluster(options: KubernetesOptions): WatchedCluster {
  const { userAgent, timeoutMs, pageSize } = { ...defaults, ...options };
  const live = transport(options, { userAgent, timeoutMs });
  const calls = inServedVersions(live, Date.now);
  const { send } = calls;
  return {
    doorbell: options.doorbell,
    get: (ref) => get(send, ref),
    list: (kind, namespace, selector) => list(send, { kind, namespace, selector, pageSize }),
    create: (kind, object, { dryRun = false } = {}) => create(send, kind, object, dryRun),
    patch: (ref, patch, options = {}) => patched(send, ref, patch, options),
    remove: (ref) => remove(send, ref),
    evict: (ref) => evict(send, ref),
    proxy: serviceProxy(live.pass),
    watch: (kind, where, sink, signal) => {
      const listing = { kind, pageSize, selector: where.selector, ...where };
      return watch(calls, (found) => paged(send, listing, found), { kind, ...where }, sink, signal);
    },
  };
}

async function get<K extends Kind>(
  send: Send,
  { kind, namespace, name }: ObjectRef<K>,
): Promise<Kinds[K]> {
  const subject: Subject = { verb: 'get', kind, namespace, name };
  // Names come out of specs, where anything may be written; nothing has such a name.
  const isPlace = rowOf(kind).isNamespaced ? isName(namespace) : namespace === '';
  if (!isName(name) || !isPlace) throw new NotFound(`${describe(subject)}: no such name`);
  return objectOf(kind, subject, await ask(send, { subject, path: pathOf(kind, subject) }));
}

type Listing<K> = {
  kind: K;
  namespace: string;
  selector: string | undefined;
  pageSize: number;
};

async function list<K extends Kind>(send: Send, listing: Listing<K>): Promise<Kinds[K][]> {
  const all: Kinds[K][] = [];
  await paged(send, listing, (items, isFirst) => {
    if (isFirst) all.length = 0;
    for (const item of items) all.push(item);
  });
  return all;
}

/** Hands over the pages one by one; answers the version of the whole, from which a watch goes on. */
async function paged<K extends Kind>(
  send: Send,
  listing: Listing<K>,
  found: Found<K>,
): Promise<string> {
  // A list that takes longer than the server keeps its snapshot starts over, once.
  const version = (await pages(send, listing, found)) ?? (await pages(send, listing, found));
  if (version !== undefined) return version;
  const { kind, namespace } = listing;
  throw new Transient(`${describe({ verb: 'list', kind, namespace })}: its pages expired twice`);
}

/** Undefined when a later page is not to be had any more. */
async function pages<K extends Kind>(
  send: Send,
  { kind, namespace, selector = '', pageSize }: Listing<K>,
  found: Found<K>,
): Promise<string | undefined> {
  const subject: Subject = { verb: 'list', kind, namespace };
  for (let cursor = ''; ; ) {
    const query = {
      limit: String(pageSize),
      ...(selector === '' ? {} : { labelSelector: selector }),
      ...(cursor === '' ? {} : { continue: cursor }),
    };
    const { status, body } = await send({ subject, path: pathOf(kind, subject), query });
    if (status === 410 && cursor !== '') return undefined;
    if (status >= 300) throw refusal(subject, status, body);
    const page = isRecord(body) ? body : {};
    if (!Array.isArray(page.items)) throw strange(subject);
    const { apiVersion } = page;
    const items = page.items.map((item: unknown) =>
      objectOf(kind, subject, isRecord(item) ? { apiVersion, ...item } : item),
    );
    found(items, cursor === '');
    const { continue: next, resourceVersion } = isRecord(page.metadata) ? page.metadata : {};
    if (typeof next !== 'string' || next === '') {
      return typeof resourceVersion === 'string' ? resourceVersion : '';
    }
    cursor = next;
  }
}

async function create<K extends Kind>(
  send: Send,
  kind: K,
  object: Kinds[K],
  dryRun: boolean,
): Promise<Kinds[K]> {
  const { namespace = 'default', name } = object.metadata ?? {};
  const subject: Subject = { verb: 'create', kind, namespace, ...(name ? { name } : {}) };
  const body = await ask(send, {
    subject,
    path: pathOf(kind, { namespace }),
    query: { fieldManager, ...(dryRun ? { dryRun: 'All' } : {}) },
    body: { ...object, ...typeMetaOf(kind) },
  });
  return objectOf(kind, subject, body);
}

async function patched<K extends Kind>(
  send: Send,
  { kind, namespace, name, resourceVersion }: ObjectRef<K>,
  patch: MergePatch,
  { subresource }: { subresource?: 'status' | 'scale' },
): Promise<Kinds[K]> {
  const target = { namespace, name, ...(subresource && { subresource }) };
  const subject: Subject = { verb: 'patch', kind, ...target };
  const metadata = isRecord(patch.metadata) ? patch.metadata : {};
  const call: Call = {
    subject,
    path: pathOf(kind, target),
    query: { fieldManager },
    contentType: mergePatch,
    // The server checks a version that a patch names, as it would with an update.
    body: resourceVersion ? { ...patch, metadata: { ...metadata, resourceVersion } } : patch,
  };
  const object = objectOf(kind, subject, await ask(send, call));
  // What answers there is a Scale, not the object.
  return subresource === 'scale' ? get(send, { kind, namespace, name }) : object;
}

async function remove(
  send: Send,
  { kind, uid, resourceVersion, namespace, name }: Parameters<Cluster['remove']>[0],
): Promise<void> {
  const target = { namespace, name };
  const subject: Subject = { verb: 'delete', kind, ...target };
  await ask(send, {
    subject,
    path: pathOf(kind, target),
    body: {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: 'Background',
      preconditions: { uid, ...(resourceVersion ? { resourceVersion } : {}) },
    },
  });
}

async function evict(
  send: Send,
  { uid, namespace, name }: Parameters<Cluster['evict']>[0],
): Promise<boolean> {
  const target = { namespace, name };
  const place = { ...target, subresource: 'eviction' };
  const subject: Subject = { verb: 'create', kind: 'Pod', ...place };
  const { status, body } = await send({
    subject,
    path: pathOf('Pod', place),
    query: { fieldManager },
    body: {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: target,
      deleteOptions: { preconditions: { uid } },
    },
  });
  if (status === 429 && isBudgets(body)) return false;
  if (status >= 300) throw refusal(subject, status, body);
  return true;
}

async function ask(send: Send, call: Call): Promise<unknown> {
  const { status, body } = await send(call);
  if (status >= 300) throw refusal(call.subject, status, body);
  return body;
}

/** The API leaves out of a list what each of its objects is; here each says so. */
function objectOf<K extends Kind>(kind: K, subject: Subject, body: unknown): Kinds[K] {
  if (!isRecord(body) || !isRecord(body.metadata)) throw strange(subject);
  return typed(kind, body);
}

function strange(subject: Subject): Error {
  return new Transient(`${describe(subject)}: the answer is not what Kubernetes answers`);
}
