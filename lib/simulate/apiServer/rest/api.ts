import { createHash, timingSafeEqual } from 'node:crypto';
import { typeMetaOf } from '../../../model/kinds.ts';
import type { SimulatedCluster } from '../../cluster.ts';
import type { AnyObject } from '../admission.ts';
import {
  badRequest,
  failureAnswer,
  json,
  noSuchMethod,
  noSuchResource,
  Refused,
  type RestAnswer,
  type RestRequest,
} from './answers.ts';
import { discovery, type Place, placeOf } from './resources.ts';
import { scaleOf } from './scale.ts';
import { matcher } from './select.ts';
import { type WatchLog, type WatchOptions, watchLog } from './watch.ts';
import { write } from './write.ts';

export type RestOptions = WatchOptions & {
  /** Who writes when neither fieldManager nor the user agent says. */
  manager?: string;
  /** The bearer token to show; anybody may do anything where there is none. */
  token?: string;
};
export type RestApi = (request: RestRequest) => Promise<RestAnswer>;

type Server = { sim: SimulatedCluster; log: WatchLog; manager: string };

/** The simulated cluster as kubectl and the Kubernetes clients speak to one. */
export function restApi(sim: SimulatedCluster, options: RestOptions = {}): RestApi {
  const { manager = 'unknown', token } = options;
  const server: Server = { sim, log: watchLog(sim, options), manager };
  return async (request) => {
    const place = placeOf(request.path);
    try {
      if (token !== undefined && !shows(request, token)) {
        throw new Refused(401, 'Unauthorized', 'Unauthorized');
      }
      return await answer(server, request, place);
    } catch (error) {
      return failureAnswer(error, request.method, place === undefined ? {} : subjectOf(place));
    }
  };
}

function shows({ headers }: RestRequest, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const shown = digest(String(headers.authorization ?? ''));
  return timingSafeEqual(shown, digest(`Bearer ${token}`));
}

function subjectOf({ resource, name }: Place): object {
  return { ...(name === undefined ? {} : { name }), group: resource.group, kind: resource.plural };
}

async function answer(
  server: Server,
  request: RestRequest,
  place: Place | undefined,
): Promise<RestAnswer> {
  if (place === undefined) return answerAbout(request);
  if (request.method === 'GET') {
    if (place.name !== undefined) return read(server, request, place, place.name);
    const matches = matcher(place, request.query);
    const { query } = request;
    const isWatch = query.get('watch') === 'true' || query.get('watch') === '1';
    if (isWatch) return server.log.watch(place.resource, matches, query);
    return list(server, request, place);
  }
  const { kind } = place.resource;
  const cluster = server.sim.as(managerOf(request, server.manager));
  return await write({ cluster, request, place, kind });
}

/** What is not about objects: what the server is and has. */
function answerAbout({ method, path }: RestRequest): RestAnswer {
  const isProbe = /^\/(healthz|livez|readyz)$/.test(path);
  const found = isProbe ? undefined : discovery(path);
  if (!isProbe && found === undefined) throw noSuchResource();
  if (method !== 'GET') throw noSuchMethod();
  if (found !== undefined) return json(found);
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok' };
}

/** As the real server names the writer: kubectl/v1.33.0 (linux/amd64) is kubectl. */
function managerOf({ query, headers }: RestRequest, otherwise: string): string {
  const [agent = ''] = String(headers['user-agent'] ?? '').split('/');
  return (query.get('fieldManager') || agent || otherwise).slice(0, 128);
}

async function read(
  { sim }: Server,
  { query }: RestRequest,
  { resource, namespace, subresource }: Place,
  name: string,
): Promise<RestAnswer> {
  if (subresource === 'eviction') throw noSuchMethod();
  if (query.has('watch')) throw badRequest('to watch one object, watch its list by metadata.name');
  const object = (await sim.cluster.get({ kind: resource.kind, namespace, name })) as AnyObject;
  if (subresource !== 'scale') return json(object);
  if (object.spec?.replicas === undefined) {
    const message = 'Internal error occurred: the spec replicas field does not exist';
    throw new Refused(500, 'InternalError', message);
  }
  return json(scaleOf(object));
}

async function list(
  { sim, log }: Server,
  { query }: RestRequest,
  place: Place,
): Promise<RestAnswer> {
  const { resource, namespace } = place;
  // Before the list is read: what changes meanwhile is seen twice by a watch, but not missed.
  const version = log.version();
  const stored = await sim.cluster.list(resource.kind, namespace);
  const found = (stored as AnyObject[]).filter(matcher(place, query));
  const after = cursorOf(query.get('continue') ?? '');
  const rest = after === undefined ? found : found.filter((object) => keyOf(object) > after);
  const limit = Number(query.get('limit') || 0);
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  const last = items.at(-1);
  const more = rest.length - items.length;
  const { apiVersion, kind } = typeMetaOf(resource.kind);
  return json({
    apiVersion,
    kind: `${kind}List`,
    metadata: {
      resourceVersion: String(version),
      ...(more > 0 && last ? { continue: cursor(last), remainingItemCount: more } : {}),
    },
    items: resource.kind === 'Rollout' ? items : items.map(withoutKind),
  });
}

/** The server leaves it out of its own kinds' lists, and leaves it in in custom resources'. */
function withoutKind({ kind: _kind, apiVersion: _apiVersion, ...object }: AnyObject): AnyObject {
  return object;
}

/** The order of a list. */
function keyOf({ metadata }: AnyObject): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

function cursor(last: AnyObject): string {
  return Buffer.from(JSON.stringify({ after: keyOf(last) })).toString('base64url');
}

function cursorOf(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    const { after } = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof after === 'string') return after;
  } catch {}
  throw badRequest('continue key is not valid');
}
