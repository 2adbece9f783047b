import { kindNames, typeMetaOf } from '../../../model/kinds.ts';
import { type Millis, minuteMs, secondMs } from '../../../model/units.ts';
import type { SimulatedCluster } from '../../cluster.ts';
import type { AnyObject } from '../admission.ts';
import type { Change } from '../objects.ts';
import { badRequest, failureStatus, Refused, type RestAnswer, type Sink } from './answers.ts';
import type { RestResource } from './resources.ts';
import type { Matches } from './select.ts';

export type WatchLog = {
  /** The cluster's version now: a watch from here misses nothing. */
  version: () => number;
  watch: (resource: RestResource, matches: Matches, query: URLSearchParams) => RestAnswer;
};

export type WatchOptions = {
  /** How many changes are kept for watches that start in the past. */
  historyMax?: number;
  bookmarkMs?: Millis;
};

type Logged = { version: number; change: Change };
type State = {
  sim: SimulatedCluster;
  entries: Logged[];
  /** The version of the newest change that is kept no more. */
  forgotten: number;
  version: number;
  listeners: Set<(entry: Logged) => void>;
  bookmarkMs: Millis;
};

const initialEventsEnd = { annotations: { 'k8s.io/initial-events-end': 'true' } };

export function watchLog(
  sim: SimulatedCluster,
  { historyMax = 2000, bookmarkMs = minuteMs }: WatchOptions,
): WatchLog {
  const stored = kindNames.flatMap(
    (kind): AnyObject[] => [...sim.read.list(kind, '')] as AnyObject[],
  );
  const version = Math.max(1, ...stored.map(versionOf));
  const state: State = {
    sim,
    entries: [],
    forgotten: version,
    version,
    listeners: new Set(),
    bookmarkMs,
  };
  sim.watch((change) => {
    // A deletion counts as a change, but what is deleted keeps the version it had.
    const next = state.version + 1;
    const isDeleted = change.type === 'DELETED';
    state.version = isDeleted ? next : Math.max(next, versionOf(change.object as AnyObject));
    const entry = { version: state.version, change };
    state.entries.push(entry);
    if (state.entries.length > historyMax) {
      state.forgotten = state.entries.shift()?.version ?? state.forgotten;
    }
    for (const listener of [...state.listeners]) listener(entry);
  });
  return {
    version: () => state.version,
    watch: (resource, matches, query) => {
      const asked = askedOf(query);
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        open: (sink) => open(state, { resource, matches, ...asked }, sink),
      };
    },
  };
}

function versionOf(object: AnyObject): number {
  return Number(object.metadata?.resourceVersion ?? 0);
}

type Asked = {
  since: number;
  bookmarks: boolean;
  /** Wants what there is first, and to be told when that is all. */
  withInitial: boolean;
  endMs: Millis | undefined;
};

function askedOf(query: URLSearchParams): Asked {
  const since = query.get('resourceVersion') || '0';
  if (!/^\d+$/.test(since)) throw badRequest(`resourceVersion: Invalid value: "${since}"`);
  const seconds = Number(query.get('timeoutSeconds') ?? 0);
  return {
    since: Number(since),
    bookmarks: isSet(query.get('allowWatchBookmarks')),
    withInitial: isSet(query.get('sendInitialEvents')),
    endMs: seconds > 0 ? seconds * secondMs : undefined,
  };
}

function isSet(value: string | null): boolean {
  return value === 'true' || value === '1';
}

type Watched = Asked & { resource: RestResource; matches: Matches };

function open(state: State, watched: Watched, sink: Sink): () => void {
  const { resource, matches, since, bookmarks, withInitial, endMs } = watched;
  const send = (type: string, object: object): void =>
    sink.send(`${JSON.stringify({ type, object })}\n`);
  const mark = (more: object = {}): void => send('BOOKMARK', bookmark(resource, state, more));
  if (since !== 0 && !withInitial && since < state.forgotten) {
    const message = `too old resource version: ${since} (${state.forgotten})`;
    send('ERROR', failureStatus(new Refused(410, 'Expired', message)));
    sink.end();
    return () => {};
  }
  const pass = (entry: Logged): void => {
    if (entry.change.kind !== resource.kind) return;
    const seen = eventOf(entry, matches);
    if (seen !== undefined) send(seen.type, seen.object);
  };
  if (since === 0 || withInitial) {
    const stored = state.sim.read.list(resource.kind, '');
    for (const object of stored as AnyObject[]) if (matches(object)) send('ADDED', object);
    if (withInitial && bookmarks) mark(initialEventsEnd);
  } else {
    for (const entry of state.entries) if (entry.version > since) pass(entry);
  }
  state.listeners.add(pass);
  const timers: NodeJS.Timeout[] = [];
  const stop = (): void => {
    state.listeners.delete(pass);
    for (const timer of timers) clearTimeout(timer);
  };
  if (bookmarks) timers.push(setInterval(mark, state.bookmarkMs).unref());
  if (endMs !== undefined) {
    const end = (): void => {
      stop();
      if (bookmarks) mark();
      sink.end();
    };
    timers.push(setTimeout(end, Math.min(endMs, 2 ** 31 - 1)).unref());
  }
  return stop;
}

/** A change as someone sees it who sees only what matches. */
function eventOf(
  { version, change }: Logged,
  matches: Matches,
): { type: string; object: AnyObject } | undefined {
  const object = change.object as AnyObject;
  const is = change.type !== 'DELETED' && matches(object);
  const was = change.type !== 'ADDED' && matches((change.before ?? change.object) as AnyObject);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object };
  if (!was) return undefined;
  const metadata = { ...object.metadata, resourceVersion: String(version) };
  return { type: 'DELETED', object: { ...object, metadata } };
}

function bookmark(resource: RestResource, { version }: State, more: object): object {
  return {
    ...typeMetaOf(resource.kind),
    metadata: { resourceVersion: String(version), creationTimestamp: null, ...more },
  };
}
