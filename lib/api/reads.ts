import { actsOf } from '../commands/acts.ts';
import { kubectlFor } from '../commands/kubectl.ts';
import { look } from '../commands/look.ts';
import { Terminal, Transient } from '../errors.ts';
import type { CallersAct } from '../model/act.ts';
import { defined } from '../model/defined.ts';
import type { RolloutKey } from '../model/key.ts';
import type { RolloutRecord } from '../model/record.ts';
import type { RolloutView } from '../model/view.ts';
import { cursorAfter } from '../store/items.ts';
import type { Unreadable } from '../world.ts';
import { commandAnswer } from './answers.ts';
import { orUnavailable } from './authenticate.ts';
import { readQuery } from './body.ts';
import { type Call, keyOf, objectionTo } from './call.ts';
import { explain } from './explain.ts';
import { ProblemError, problem } from './problem.ts';
import { queries } from './requestSchemas.ts';
import { answer, taggedAnswer } from './respond.ts';

export async function getRollout(call: Call): Promise<Response> {
  const { view, record } = await lookedUp(call);
  const acts = await actsFor(call, record ?? nothingKnown, view);
  const { observedAt: _, wake: __, ...tagged } = view;
  return taggedAnswer(call.request, { ...view, acts }, { ...tagged, acts });
}

const nothingKnown = { intents: [] };

/** Each command with whether the policies let the caller give it. */
async function actsFor(
  call: Call,
  record: Parameters<typeof actsOf>[0],
  view: RolloutView,
): Promise<CallersAct[]> {
  const acts = actsOf(record, view, call.deps.world.clock.now());
  const verbs = [...new Set(acts.map(({ verb }) => verb))];
  const { deps, url } = call;
  const objections = await orUnavailable(deps, url.pathname, () =>
    Promise.all(verbs.map((verb) => objectionTo(call, verb, keyOf(call)))),
  );
  return acts.map(({ verb, ...act }) => {
    const objection = objections[verbs.indexOf(verb)];
    if (objection === undefined) return { verb, may: true, ...act };
    const { remedy: _, ...rest } = act;
    return {
      verb,
      may: false,
      ...rest,
      whyNot: `${call.actor.name} may not do this: ${objection}`,
    };
  });
}

export async function getExplanation(call: Call): Promise<Response> {
  const explanation = explain((await lookedUp(call)).view);
  const { observedAt: _, ...tagged } = explanation;
  return taggedAnswer(call.request, explanation, tagged);
}

export async function listRollouts(call: Call): Promise<Response> {
  const { cursor: start, limit } = readQuery(queries.page, call.url);
  const { cluster } = keyOf(call);
  const { records, unreadable, cursor } = await mayBeRead(call, { start, limit });
  const isEmpty = records.length === 0 && unreadable.length === 0;
  if (isEmpty && start === undefined) await requireCluster(call, cluster);
  const items = records.flatMap(({ view }) => (view === undefined ? [] : [withoutPods(view)]));
  const rest = {
    ...(unreadable.length > 0 && {
      unreadable: unreadable.map(({ key, reason }) => ({ ...key, reason })),
    }),
    ...defined({ cursor }),
  };
  const tagged = items.map(({ observedAt: _, wake: __, ...item }) => item);
  return taggedAnswer(call.request, { items, ...rest }, { tagged, ...rest });
}

/** A page of what the caller may read. What they may not is passed over, and so named by no cursor. */
async function mayBeRead(
  call: Call,
  { start, limit }: { start: string | undefined; limit: number },
): Promise<{ records: RolloutRecord[]; unreadable: Unreadable[]; cursor?: string }> {
  const { cluster, namespace } = keyOf(call);
  const isReadable = async ({ key }: { key: RolloutKey }) =>
    (await objectionTo(call, 'read', key)) === undefined;
  const found: RolloutRecord[] = [];
  const unreadable: Unreadable[] = [];
  let next = start;
  do {
    const at = next === undefined ? {} : { cursor: next };
    const options = { namespace, limit: limit + 1, ...at };
    const page = await pageOf(call, () => call.deps.world.store.list(cluster, options));
    for (const each of page.items) if (await isReadable(each)) found.push(each);
    for (const each of page.unreadable) if (await isReadable(each)) unreadable.push(each);
    next = page.cursor;
  } while (next !== undefined && found.length <= limit);
  const records = found.slice(0, limit);
  const last = found.length > limit ? records.at(-1) : undefined;
  if (last === undefined) return { records, unreadable };
  const cursor = cursorAfter(last.key);
  // The rest of them come with the next page.
  return {
    ...{ records, cursor },
    unreadable: unreadable.filter(({ key }) => cursorAfter(key) < cursor),
  };
}

export async function getHistory(call: Call): Promise<Response> {
  const query = readQuery(queries.page, call.url);
  const key = keyOf(call);
  const page = await pageOf(call, () => call.deps.world.store.ledger(key, query));
  // A rollout without a past may still be there; one that is gone keeps its ledger.
  if (page.items.length === 0 && query.cursor === undefined) await requireKnown(call);
  return answer(page);
}

/** Rejects with NotFound, or its like, where there is no such rollout. */
export async function requireKnown(call: Call): Promise<void> {
  const key = keyOf(call);
  const known = await fromTable(call, () => call.deps.world.store.load(key));
  if (known === undefined) await look(call.deps.world, key);
}

export async function getCommand(call: Call): Promise<Response> {
  readQuery(queries.none, call.url);
  const record = await fromTable(call, () => call.deps.world.store.load(keyOf(call)));
  const intent = record?.intents.find(({ id }) => id === call.params.id);
  if (intent === undefined) {
    const detail =
      'No command of this id is known for this rollout; only the last few are kept. ' +
      'The history tells what happened.';
    throw new ProblemError(problem('not-found', detail));
  }
  const rollout = record?.view;
  const body = commandAnswer(intent, rollout === undefined ? {} : { rollout });
  return intent.outcome === undefined
    ? answer(body, { status: 202, headers: { 'retry-after': '1' } })
    : answer(body);
}

/** From the record, or from a fresh look if that was asked for or there is no record. */
async function lookedUp(call: Call): Promise<{ view: RolloutView; record?: RolloutRecord }> {
  const { fresh } = readQuery(queries.look, call.url);
  const key = keyOf(call);
  if (fresh === 'true') return { view: await look(call.deps.world, key) };
  const record = await fromTable(call, () => call.deps.world.store.load(key));
  if (record?.view) return { view: record.view, record };
  return { view: await look(call.deps.world, key), ...defined({ record }) };
}

/** Reads from the table; without it says what to do instead. */
export async function fromTable<T>(call: Call, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Transient || error instanceof Terminal)) throw error;
    const detail = `Serin's table cannot be read (${error.message}). This does the same: ${sameFor(call)}`;
    throw new ProblemError(problem('unavailable', detail, { retryAfterSeconds: 1 }));
  }
}

function sameFor(call: Call): string {
  const { namespace, name } = call.params;
  if (name !== undefined) return kubectlFor('get', keyOf(call));
  const where = namespace === undefined ? '--all-namespaces' : `-n ${namespace}`;
  return `kubectl argo rollouts list rollouts ${where}`;
}

/** As `fromTable`, for a page: a cursor that is not of this list is the client's mistake. */
export async function pageOf<T>(call: Call, read: () => Promise<T>): Promise<T> {
  return fromTable(call, async () => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof Terminal && call.url.searchParams.has('cursor'))) throw error;
      throw new ProblemError(problem('invalid', `Nothing was read: ${error.message}.`));
    }
  });
}

async function requireCluster(call: Call, cluster: string): Promise<void> {
  const clusters = await fromTable(call, () => call.deps.world.clusters());
  if (clusters.some(({ name }) => name === cluster)) return;
  const detail = `There is no cluster ${cluster}. Check its name: on AWS, serin cluster list has them all.`;
  throw new ProblemError(problem('not-found', detail));
}

/** A list is a summary: one rollout's pods may be as long as all the rest. */
function withoutPods(view: RolloutView): RolloutView {
  const revisions = view.revisions.map(({ replicaSets, ...revision }) => ({
    ...revision,
    replicaSets: replicaSets.map(({ pods: _, ...set }) => set),
  }));
  return { ...view, revisions };
}
