import { contentType, exposition } from '../metrics/exposition.ts';
import { fleetFamilies } from '../metrics/fleet.ts';
import type { Outage } from '../model/documents.ts';
import type { ClusterRow, Fleet, FleetRow, Unreachable } from '../model/fleet.ts';
import type { RolloutKey } from '../model/key.ts';
import type { RolloutRow } from '../model/rolloutRow.ts';
import { byCodeUnit } from '../model/text.ts';
import { cursorAfter } from '../store/items.ts';
import type { Unreadable } from '../world.ts';
import { readQuery } from './body.ts';
import { type Call, objectionTo } from './call.ts';
import { ProblemError, problem } from './problem.ts';
import { fromTable, pageOf } from './reads.ts';
import { queries } from './requestSchemas.ts';
import { longAnswer } from './respond.ts';

/** So many clusters are asked for at a time. */
const clustersAtOnce = 16;
/** Rows in one query: some 400 kB. */
const pageSize = 1000;
/** More clusters than one account has. */
const outagesMax = 1000;
/** No namespace can have this name: who may read in it may read in all of its cluster. */
const anyNamespace = '';

type Asked = ReturnType<typeof queries.fleet.parse>;

export async function getFleet(call: Call): Promise<Response> {
  const asked = readQuery(queries.fleet, call.url);
  const start = asked.cursor === undefined ? undefined : placeOf(asked.cursor);
  const names = (await clusterNames(call)).filter(
    (name) =>
      (asked.cluster === undefined || asked.cluster === name) &&
      (start === undefined || start.cluster <= name),
  );
  const [found, unreachable] = await Promise.all([
    foundIn(call, names, { asked, start }),
    unreachableAmong(call, names),
  ]);
  const kept = found.rows.slice(0, asked.limit);
  const last = found.rows.length > asked.limit ? kept.at(-1) : undefined;
  const cursor = last && cursorOf(last);
  const items = kept.map(withNeed);
  const unreadable = found.unreadable
    // The rest of them come with the next page.
    .filter(({ key }) => last === undefined || isBefore(key, last))
    .map(({ key, reason }) => ({ ...key, reason }));
  const body: Fleet = {
    items,
    ...(unreadable.length > 0 && { unreadable }),
    ...(unreachable.length > 0 && { unreachable }),
    ...(cursor !== undefined && { cursor }),
  };
  return longAnswer(call.request, body);
}

function withNeed(row: RolloutRow): FleetRow {
  return { ...row, needsPerson: row.unblock !== undefined && row.until === undefined };
}

/** The same for a Prometheus, all at once. */
export async function getMetrics(call: Call): Promise<Response> {
  readQuery(queries.none, call.url);
  const names = await clusterNames(call);
  const [found, away] = await Promise.all([
    inTurn(names, async (name) => ({ name, ...(await readableIn(call, name, {})) })),
    unreachableAmong(call, names),
  ]);
  const isAway = (name: string) => away.some(({ cluster }) => cluster === name);
  const known = found.filter(({ name, rows }) => rows.length > 0 || isAway(name));
  const text = exposition(
    fleetFamilies({
      rows: found.flatMap(({ rows }) => rows.map(withNeed)),
      unreachable: new Map(known.map(({ name }) => [name, isAway(name)])),
    }),
  );
  return new Response(text, {
    headers: { 'content-type': contentType, 'cache-control': 'no-store' },
  });
}

export async function getClusters(call: Call): Promise<Response> {
  readQuery(queries.none, call.url);
  const [clusters, outages] = await Promise.all([
    fromTable(call, () => call.deps.world.clusters()),
    outagesOf(call),
  ]);
  const rows = await inTurn(
    [...clusters].sort((a, b) => byCodeUnit(a.name, b.name)),
    async ({ name, doorbell }): Promise<ClusterRow[]> => {
      const { rows: its, unreadable } = await readableIn(call, name, {});
      const rollouts = its.length + unreadable.length;
      if (rollouts === 0 && !(await mayReadAll(call, name))) return [];
      const outage = outages.get(name);
      return [
        {
          ...{ name, webhookEnabled: doorbell, rollouts },
          ...(outage && { unreachable: shown(outage) }),
        },
      ];
    },
  );
  const body = { items: rows.flat() };
  return longAnswer(call.request, body);
}

function shown({ since, retryAt, said }: Outage) {
  return { since, retryAt, said };
}

type Found = { rows: RolloutRow[]; unreadable: Unreadable[] };

/** One more than is asked for, where there is one: as many clusters as that takes. */
async function foundIn(
  call: Call,
  names: string[],
  { asked, start }: { asked: Asked; start: Place | undefined },
): Promise<Found> {
  const found: Found = { rows: [], unreadable: [] };
  for (let first = 0; first < names.length; first += clustersAtOnce) {
    const some = names.slice(first, first + clustersAtOnce);
    const all = await Promise.all(
      some.map((name) =>
        readableIn(call, name, { asked, ...(start?.cluster === name && { after: start.sk }) }),
      ),
    );
    for (const { rows, unreadable } of all) {
      for (const row of rows) found.rows.push(row);
      for (const each of unreadable) found.unreadable.push(each);
    }
    if (found.rows.length > asked.limit) break;
  }
  return found;
}

/** Those of one cluster that the caller may read and asks for. */
async function readableIn(
  call: Call,
  cluster: string,
  { asked, after }: { asked?: Asked; after?: string },
): Promise<Found> {
  const found: Found = { rows: [], unreadable: [] };
  const isReadable = async (key: RolloutKey) =>
    (await objectionTo(call, 'read', key)) === undefined;
  const isOpen = call.deps.mayNot === undefined;
  let cursor = after;
  do {
    const options = {
      limit: pageSize,
      ...(asked?.namespace !== undefined && { namespace: asked.namespace }),
      ...(cursor !== undefined && { cursor }),
    };
    const page = await pageOf(call, () => call.deps.world.store.rows(cluster, options));
    for (const row of page.items) {
      if (isAskedFor(row, asked) && (isOpen || (await isReadable(row)))) found.rows.push(row);
    }
    for (const each of page.unreadable) {
      if (await isReadable(each.key)) found.unreadable.push(each);
    }
    cursor = page.cursor;
  } while (cursor !== undefined && found.rows.length <= (asked?.limit ?? Infinity));
  return found;
}

function isAskedFor(row: RolloutRow, asked: Asked | undefined): boolean {
  if (asked?.phase !== undefined && asked.phase !== row.phase) return false;
  if (asked?.text === undefined) return true;
  const wanted = asked.text.toLowerCase();
  const { cluster, namespace, name, images, stableImages = [] } = row;
  const texts = [`${cluster}/${namespace}/${name}`, ...images, ...stableImages];
  return texts.some((text) => text.toLowerCase().includes(wanted));
}

async function clusterNames(call: Call): Promise<string[]> {
  const clusters = await fromTable(call, () => call.deps.world.clusters());
  return clusters.map(({ name }) => name).sort(byCodeUnit);
}

/** Of those that the caller may know of. */
async function unreachableAmong(call: Call, names: string[]): Promise<Unreachable[]> {
  const outages = await outagesOf(call);
  const known = names.filter((name) => outages.has(name));
  const all = await inTurn(known, async (cluster) => {
    const { since, said } = outages.get(cluster) as Outage;
    return (await mayReadAny(call, cluster)) ? [{ cluster, since, said }] : [];
  });
  return all.flat();
}

async function outagesOf(call: Call): Promise<Map<string, Outage>> {
  const { documents } = call.deps.world.store;
  const { items } = await fromTable(call, () =>
    documents.list({ kind: 'outage' }, { limit: outagesMax }),
  );
  return new Map(items.map(({ id, body }) => [id, body]));
}

async function mayReadAll(call: Call, cluster: string): Promise<boolean> {
  const key = { cluster, namespace: anyNamespace, name: '' };
  return (await objectionTo(call, 'read', key)) === undefined;
}

async function mayReadAny(call: Call, cluster: string): Promise<boolean> {
  if (await mayReadAll(call, cluster)) return true;
  const { rows, unreadable } = await readableIn(call, cluster, {});
  return rows.length + unreadable.length > 0;
}

async function inTurn<T, R>(all: T[], act: (each: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let first = 0; first < all.length; first += clustersAtOnce) {
    done.push(...(await Promise.all(all.slice(first, first + clustersAtOnce).map(act))));
  }
  return done;
}

/** Where a page begins: behind that place of that cluster. */
type Place = { cluster: string; sk: string };

function cursorOf(key: RolloutKey): string {
  return `${key.cluster}/${cursorAfter(key)}`;
}

function placeOf(cursor: string): Place {
  const [, cluster, sk] = /^([^/]+)\/([^/]+\/[^/]+)$/.exec(cursor) ?? [];
  if (cluster !== undefined && sk !== undefined) return { cluster, sk };
  const detail = `Nothing was read: the cursor ${cursor} belongs to another list: start again without one.`;
  throw new ProblemError(problem('invalid', detail));
}

function isBefore(a: RolloutKey, b: RolloutKey): boolean {
  return a.cluster === b.cluster ? cursorAfter(a) < cursorAfter(b) : a.cluster < b.cluster;
}
