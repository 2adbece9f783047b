import type { RolloutView } from '../../lib/model/view.ts';
import { apiPath, makeClient } from '../client.ts';
import { CliError, type ExitCode, exitCodes, usageError } from '../exit.ts';
import { type Call, sayJson } from '../io.ts';
import { look } from '../look.ts';
import { pages } from '../pages.ts';
import { columns, humanAge, plainAll } from '../text.ts';
import { analysisPhaseText } from '../tree.ts';
import { chartLines } from './chart.ts';

// `serin get analysis`: the runs of a namespace, or what one has measured.

const kinds = ['analysis', 'analyses', 'analysisrun', 'analysisruns', 'ar'];

/** What stands behind `get analysis`, as `analysis NAME` or `analysis/NAME`; undefined of a rollout. */
export function analysisWords(args: string[]): string[] | undefined {
  const [first = '', ...more] = args;
  const [kind = '', ...named] = first.split('/');
  if (!kinds.includes(kind)) return undefined;
  return [...(named.length > 0 ? [named.join('/')] : []), ...more];
}

type Run = NonNullable<RolloutView['revisions'][number]['analysisRuns']>[number];
type Found = { rollout: string; revision: number; run: Run };

export async function getAnalysis(call: Call<unknown>, words: string[]): Promise<ExitCode> {
  const { options, io } = call;
  const [name, ...others] = words;
  if (others.length > 0) {
    throw usageError('one analysis run at a time', 'For example: serin get analysis web-abc-2');
  }
  const client = makeClient(options, io);
  const { namespace } = options;
  const place = { cluster: client.connection.cluster, namespace };
  const { items, now } = await pages<RolloutView>(client, apiPath(place), Number.POSITIVE_INFINITY);
  if (name === undefined) {
    const found = items.flatMap(runsOf);
    if (options.output === 'json') sayJson(io, { items: found.map(asJson) });
    else if (found.length === 0) io.warn(`No analysis runs in namespace ${namespace}.`);
    else for (const line of columns(table(plainAll(found), now, io.colour))) io.say(line);
    return exitCodes.ok;
  }
  const rollout = rolloutOf(name, items);
  if (rollout === undefined) throw unknown(name, namespace);
  const fresh = await look(client, apiPath({ ...place, name: rollout }));
  const all = runsOf(fresh.view);
  const found = all.filter(({ run }) => run.name === name);
  // Of a rollout, those of its newest revision that has any.
  const newest = Math.max(...all.map(({ revision }) => revision));
  const shown = name === rollout ? all.filter(({ revision }) => revision === newest) : found;
  if (shown.length === 0) throw unknown(name, namespace);
  if (options.output === 'json') {
    const [first] = shown.map(asJson);
    sayJson(io, name === rollout ? { items: shown.map(asJson) } : first);
    return exitCodes.ok;
  }
  for (const [index, each] of plainAll(shown).entries()) {
    if (index > 0) io.say('');
    for (const line of runLines(each, fresh.now, io.colour)) io.say(line);
  }
  return exitCodes.ok;
}

function runsOf({ name, revisions }: RolloutView): Found[] {
  return revisions.flatMap(({ revision, analysisRuns = [] }) =>
    analysisRuns.map((run) => ({ rollout: name, revision, run })),
  );
}

function asJson({ rollout, revision, run }: Found): object {
  return { rollout, revision, ...run };
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
  return new CliError(`no rollout in namespace ${namespace} has an analysis run ${name}`, {
    exitCode: exitCodes.refused,
    hint:
      '`serin get analysis` lists those of rollouts. Runs of Experiments and runs of nobody are ' +
      'seen with kubectl alone.',
  });
}

function table(found: Found[], now: number, colour: boolean): string[][] {
  const head = ['NAME', 'ROLLOUT', 'REVISION', 'TYPE', 'STATUS', 'GOOD', 'FAILED', 'AGE'];
  const rows = found.map(({ rollout, revision, run }) => [
    ...[run.name, rollout, String(revision), run.type],
    analysisPhaseText(run.status, colour),
    ...[String(run.successful), String(run.failed), humanAge(now - run.createdAt)],
  ]);
  return [head, ...rows];
}

function runLines({ rollout, revision, run }: Found, now: number, colour: boolean): string[] {
  const fields: [string, string][] = [
    ['Name:', run.name],
    ['Rollout:', `${rollout}, revision ${revision}`],
    ['Type:', run.type],
    ['Status:', analysisPhaseText(run.status, colour)],
    ...(run.message === '' ? [] : [['Message:', run.message] as [string, string]]),
    ['Age:', humanAge(now - run.createdAt)],
  ];
  const charts = (run.metrics ?? []).map((metric) => ['', ...chartLines(metric, now, colour)]);
  return [...fields.map(([field, value]) => `${field.padEnd(17)}${value}`), ...charts.flat()];
}
