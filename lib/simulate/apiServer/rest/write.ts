import { Conflict } from '../../../errors.ts';
import { defined } from '../../../model/defined.ts';
import { isRecord } from '../../../model/gotypes.ts';
import { type Kind, resourceNameOf } from '../../../model/kinds.ts';
import { diffMergePatch } from '../../../model/patch.ts';
import type { MergePatch } from '../../../model/plan.ts';
import type { Cluster } from '../../../world.ts';
import type { AnyObject } from '../admission.ts';
import {
  badRequest,
  json,
  noSuchMethod,
  Refused,
  type RestAnswer,
  type RestRequest,
  success,
} from './answers.ts';
import { applyJsonPatch } from './jsonPatch.ts';
import type { Place } from './resources.ts';
import { scaleOf } from './scale.ts';

/** A write to a kind that the simulation keeps, as the manager the request names. */
export type Write = { cluster: Cluster; request: RestRequest; place: Place; kind: Kind };
type Named = Write & { name: string };

export async function write(given: Write): Promise<RestAnswer> {
  const { request, place } = given;
  const { name, subresource } = place;
  if (request.method === 'POST') {
    if (subresource === 'eviction' && name !== undefined) return evict({ ...given, name });
    if (name === undefined) return create(given);
    throw noSuchMethod();
  }
  if (name === undefined || subresource === 'eviction') throw noSuchMethod();
  refuseDryRun(request);
  const named = { ...given, name };
  switch (request.method) {
    case 'PUT':
      return put(named);
    case 'PATCH':
      return patch(named);
    case 'DELETE':
      if (subresource !== undefined) throw noSuchMethod();
      return remove(named);
    default:
      throw noSuchMethod();
  }
}

/** To write where only a trial was asked for would be worse than to refuse. */
function refuseDryRun({ query }: RestRequest): void {
  if (query.has('dryRun')) throw badRequest('dryRun is simulated for create only');
}

function bodyOf({ body }: RestRequest): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badRequest(`the body is not JSON: ${(error as Error).message}`);
  }
}

function objectOf(request: RestRequest): AnyObject {
  const body = bodyOf(request);
  if (!isRecord(body) || (body.metadata !== undefined && !isRecord(body.metadata))) {
    throw badRequest('the body is not an object of Kubernetes');
  }
  return body;
}

async function create({ cluster, request, place, kind }: Write): Promise<RestAnswer> {
  const dryRun = request.query.get('dryRun');
  if (dryRun !== null && dryRun !== 'All') throw badRequest(`dryRun: unsupported value ${dryRun}`);
  const given = objectOf(request);
  const namespace = given.metadata?.namespace ?? place.namespace;
  if (place.namespace === '') throw noSuchMethod();
  if (namespace !== place.namespace) {
    throw badRequest(
      `the namespace of the object (${namespace}) is not that of the URL (${place.namespace})`,
    );
  }
  const object = { ...given, metadata: { ...given.metadata, namespace } };
  return json(await cluster.create(kind, object as never, { dryRun: dryRun === 'All' }), 201);
}

async function evict({ cluster, request, place, name }: Named): Promise<RestAnswer> {
  refuseDryRun(request);
  const { deleteOptions } = objectOf(request) as { deleteOptions?: DeleteOptions };
  const { metadata } = await cluster.get({ kind: 'Pod', namespace: place.namespace, name });
  const uid = deleteOptions?.preconditions?.uid ?? metadata?.uid ?? '';
  if (await cluster.evict({ kind: 'Pod', namespace: place.namespace, name, uid }))
    return success({}, 201);
  const cause = { reason: 'DisruptionBudget', message: 'The budget allows no disruption now' };
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  throw new Refused(429, 'TooManyRequests', message, { causes: [cause] });
}

type DeleteOptions = {
  preconditions?: { uid?: string; resourceVersion?: string };
  propagationPolicy?: string;
  orphanDependents?: boolean;
  dryRun?: string[];
};

async function remove({ cluster, request, place, kind, name }: Named): Promise<RestAnswer> {
  const options: DeleteOptions = request.body.trim() === '' ? {} : (objectOf(request) as object);
  const policy = options.propagationPolicy ?? request.query.get('propagationPolicy');
  if (policy === 'Orphan' || options.orphanDependents) {
    throw badRequest('to delete an owner and keep what it owns is not simulated');
  }
  if (options.dryRun?.length) throw badRequest('dryRun is simulated for create only');
  const { namespace, resource } = place;
  const { metadata = {} } = await cluster.get({ kind, namespace, name });
  const { uid = metadata.uid ?? '', resourceVersion } = options.preconditions ?? {};
  await cluster.remove({
    kind,
    namespace,
    name,
    uid,
    ...defined({ resourceVersion }),
  });
  return success({ name, group: resource.group, kind: resource.plural, uid });
}

async function patch(given: Named): Promise<RestAnswer> {
  const { request, place } = given;
  const type = String(request.headers['content-type'] ?? '').split(';')[0];
  if (type === 'application/json-patch+json') {
    const operations = bodyOf(request);
    return change(given, (live) => applyJsonPatch(live, operations) as AnyObject);
  }
  if (type !== 'application/merge-patch+json') {
    throw new Refused(
      415,
      'UnsupportedMediaType',
      `patches of type ${type} are not simulated - accepted media types include: ` +
        'application/json-patch+json, application/merge-patch+json',
    );
  }
  const patched = objectOf(request) as MergePatch;
  return answered(await send(given, patched), place.subresource === 'scale');
}

async function put(given: Named): Promise<RestAnswer> {
  const { request, place, name, kind } = given;
  const object = objectOf(request);
  const { metadata = {} } = object;
  if (metadata.name !== undefined && metadata.name !== name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  const { resourceVersion } = metadata;
  if (!resourceVersion && kind === 'Rollout' && place.subresource !== 'scale') {
    const message = 'metadata.resourceVersion: Invalid value: 0: must be specified for an update';
    throw new Refused(
      422,
      'Invalid',
      `${resourceNameOf(place.resource.kind)} "${name}": ${message}`,
    );
  }
  return change(given, (live) => {
    if (resourceVersion && resourceVersion !== live.metadata?.resourceVersion) {
      const text = 'the object has been modified; apply your changes to the latest version';
      throw new Conflict(`Operation cannot be fulfilled on ${place.resource.plural}: ${text}`);
    }
    return object;
  });
}

const attemptsMax = 5;

/** Writes what `make` makes of what there is, again where somebody else wrote meanwhile. */
async function change(given: Named, make: (live: AnyObject) => AnyObject): Promise<RestAnswer> {
  const { cluster, kind, place, name } = given;
  const isScale = place.subresource === 'scale';
  for (let attempt = 1; ; attempt += 1) {
    const live = (await cluster.get({ kind, namespace: place.namespace, name })) as AnyObject;
    const seen = isScale ? scaleOf(live) : live;
    const wanted = make(seen);
    // Outside the attempt: what `make` refuses is refused.
    const patched = patchFor(seen, wanted, place.subresource);
    if (patched === undefined) return answered(live, isScale);
    try {
      const { resourceVersion } = live.metadata ?? {};
      const metadata = isRecord(patched.metadata) ? patched.metadata : {};
      const conditioned = { ...patched, metadata: { ...metadata, resourceVersion } };
      return answered(await send(given, conditioned), isScale);
    } catch (error) {
      if (!(error instanceof Conflict) || attempt === attemptsMax) throw error;
    }
  }
}

/** The part of the difference that the endpoint writes. */
function patchFor(
  live: AnyObject,
  wanted: AnyObject,
  subresource: string | undefined,
): MergePatch | undefined {
  if (subresource === 'scale') {
    return diffMergePatch({ spec: live.spec ?? {} }, { spec: wanted.spec ?? {} });
  }
  if (subresource === 'status') {
    return diffMergePatch({ status: live.status }, { status: wanted.status });
  }
  // An update leaves to the server what only the server writes.
  const { labels, annotations, ownerReferences, finalizers } = wanted.metadata ?? {};
  const written = { labels, annotations, ownerReferences, finalizers };
  const { status: _live, ...before } = live;
  const { status: _wanted, ...after } = wanted;
  return diffMergePatch(before, {
    apiVersion: live.apiVersion,
    kind: live.kind,
    ...after,
    metadata: { ...live.metadata, ...written },
  });
}

async function send({ cluster, kind, place, name }: Named, patched: MergePatch) {
  const { namespace, subresource } = place;
  const target = { namespace, name };
  if (subresource !== 'status' && subresource !== 'scale') {
    return (await cluster.patch({ kind, ...target }, patched)) as AnyObject;
  }
  return (await cluster.patch({ kind, ...target }, patched, { subresource })) as AnyObject;
}

function answered(object: AnyObject, isScale: boolean): RestAnswer {
  return json(isScale ? scaleOf(object) : object);
}
