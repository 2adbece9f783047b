import { defined } from '../../lib/model/defined.ts';
import type { RolloutKey } from '../../lib/model/key.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { humanAge } from '../../lib/view/words.ts';
import { apiPath, type Client, makeClient, namespacePath } from '../client.ts';
import { CliError, type ExitCode, exitCodes, usageError } from '../exit.ts';
import type { Call, Io } from '../io.ts';
import { look } from '../look.ts';
import { sayData, sayNames } from '../output.ts';
import { pages } from '../pages.ts';
import { columns, plain, plainAll } from '../text.ts';
import { analysisPhaseText } from '../tree.ts';
import { chartLines } from './chart.ts';

// `serin get analysis`: the runs of a namespace, or what one has measured.

const kinds = [
  ...['analysis', 'analyses', 'analysisrun', 'analysisruns', 'ar'],
  ...['analysisrun.argoproj.io', 'analysisruns.argoproj.io'],
];

/** What stands behind `get analysis`, as `analysis NAME` or `analysis/NAME`; undefined of a rollout. */
export function analysisWords(args: string[]): string[] | undefined {
  const [first = '', ...more] = args;
  const [kind = '', ...named] = first.split('/');
  if (!kinds.includes(kind)) return undefined;
  return [...(named.length > 0 ? [named.join('/')] : []), ...more];
}

type Run = NonNullable<RolloutView['revisions'][number]['analysisRuns']>[number];
/** Of a rollout, or of nobody but perhaps an Experiment. */
type Found = { rollout?: string; revision?: number; run: Run & { owner?: string } };

export async function getAnalysis(call: Call<unknown>, words: string[]): Promise<ExitCode> {
  const { options, io } = call;
  const [name, ...extra] = words;
  if (extra.length > 0) {
    throw usageError('one analysis run at a time', 'For example: serin get analysis web-abc-2');
  }
  const client = makeClient(options, io);
  const { cluster, namespace } = client.connection;
  const place = { cluster, namespace };
  const { items, now } = await pages<RolloutView>(client, apiPath(place), Number.POSITIVE_INFINITY);
  if (name === undefined) {
    const found = [...items.flatMap(runsOf), ...(await others(client, place)).found];
    if (options.output === 'name') sayRunNames(io, found);
    else if (sayData(io, options.output, { items: found.map(asJson) })) return exitCodes.ok;
    else if (found.length === 0) io.warn(`No analysis runs in namespace ${namespace}.`);
    else for (const line of columns(table(plainAll(found), now, io.colour))) io.say(line);
    return exitCodes.ok;
  }
  const rollout = rolloutOf(name, items);
  const own =
    rollout === undefined ? [] : await ofRollout(client, { ...place, name: rollout }, name);
  const { found: shown, now: at } =
    own.length > 0 ? { found: own, now } : await others(client, place, name);
  if (shown.length === 0 && name !== rollout) throw unknown(name, namespace);
  if (shown.length === 0) io.warn(plain(`Rollout ${name} has no analysis runs.`));
  if (options.output === 'name') {
    sayRunNames(io, shown);
    return exitCodes.ok;
  }
  const data = shown.map(asJson);
  if (sayData(io, options.output, name === rollout ? { items: data } : data[0]))
    return exitCodes.ok;
  for (const [index, each] of plainAll(shown).entries()) {
    if (index > 0) io.say('');
    for (const line of runLines(each, at, io.colour)) io.say(line);
  }
  return exitCodes.ok;
}

/** The run of that name; of the rollout's own name, those of its newest revision that has any. */
async function ofRollout(client: Client, key: RolloutKey, name: string): Promise<Found[]> {
  const { view } = await look(client, apiPath(key));
  const all = runsOf(view);
  if (name !== key.name) return all.filter(({ run }) => run.name === name);
  const newest = Math.max(...all.map(({ revision }) => revision));
  return all.filter(({ revision }) => revision === newest);
}

/** Those that no rollout owns; none where the server does not know of such, or has none of that name. */
async function others(
  client: Client,
  place: Omit<RolloutKey, 'name'>,
  name?: string,
): Promise<{ found: Found[]; now: number }> {
  const path = namespacePath(place, 'analysisruns', ...(name ? [name] : []));
  try {
    const { body, now } = await client.get<{ items: Found['run'][] }>(path);
    return { found: (body?.items ?? []).map((run) => ({ run })), now };
  } catch (error) {
    const isNone = error instanceof CliError && error.problem?.status === 404;
    if (!isNone) throw error;
    return { found: [], now: 0 };
  }
}

function runsOf({ name, revisions }: RolloutView): (Found & { revision: number })[] {
  return revisions.flatMap(({ revision, analysisRuns = [] }) =>
    analysisRuns.map((run) => ({ rollout: name, revision, run })),
  );
}

function sayRunNames(io: Io, found: Found[]): void {
  const runs = found.map(({ run }) => run);
  sayNames(io, 'analysisrun', runs);
}

function asJson({ rollout, revision, run }: Found): object {
  return { ...defined({ rollout, revision }), ...run };
}

/** Whose run it is: by what was last seen, or by the name, which begins with that of the rollout. */
function rolloutOf(name: string, views: RolloutView[]): string | undefined {
  const seen = views.find((view) => runsOf(view).some(({ run }) => run.name === name));
  if (seen !== undefined) return seen.name;
  const alike = views
    .map((view) => view.name)
    .filter((each) => name === each || name.startsWith(`${each}-`));
  return alike.sort((left, right) => right.length - left.length)[0];
}

function unknown(name: string, namespace: string): CliError {
  return new CliError(`there is no analysis run ${name} in namespace ${namespace}`, {
    exitCode: exitCodes.unreachable,
    hint: '`serin get analysis` lists those that there are.',
  });
}

function table(found: Found[], now: number, colour: boolean): string[][] {
  const head = ['NAME', 'ROLLOUT', 'REVISION', 'TYPE', 'STATUS', 'GOOD', 'FAILED', 'AGE'];
  const rows = found.map(({ rollout = '', revision = '', run }) => [
    ...[run.name, rollout || (run.owner ?? ''), String(revision), run.type],
    analysisPhaseText(run.status, colour),
    ...[String(run.successful), String(run.failed), humanAge(now - run.createdAt)],
  ]);
  return [head, ...rows];
}

function given(field: string, value = ''): [string, string][] {
  return value === '' ? [] : [[field, value]];
}

function runLines({ rollout, revision, run }: Found, now: number, colour: boolean): string[] {
  const fields: [string, string][] = [
    ['Name:', run.name],
    ...given('Rollout:', rollout && `${rollout}, revision ${revision}`),
    ...given('Owner:', run.owner),
    ...given('Type:', run.type),
    ['Status:', analysisPhaseText(run.status, colour)],
    ...given('Message:', run.message),
    ['Age:', humanAge(now - run.createdAt)],
  ];
  const charts = (run.metrics ?? []).map((metric) => ['', ...chartLines(metric, now, colour)]);
  return [...fields.map(([field, value]) => `${field.padEnd(17)}${value}`), ...charts.flat()];
}
