import type { Command } from 'commander';
import { endingsOf } from '../../lib/adopt/afterArgo.ts';
import { type FieldError, faultsMax } from '../../lib/model/faults.ts';
import { countText } from '../../lib/model/text.ts';
import { exitCodes } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { contextOption, type KubeconfigOptions } from '../kubeconfig.ts';
import {
  type Manifest,
  type ManifestFile,
  noRollout,
  readManifestFiles,
  seenIn,
} from '../manifest.ts';
import { plain } from '../text.ts';
import { analysisFindings } from './analyses.ts';
import { blueGreenNotes } from './blueGreenNotes.ts';
import { faultsOf } from './check.ts';
import { type Verdict, verdictOf } from './dryRun.ts';
import { checkedKind, metricFaults } from './metrics.ts';
import { routerNotes } from './routerNotes.ts';
import { routerObjectNotes } from './routerObjects.ts';

type Options = KubeconfigOptions;

/** One thing that is wrong. `path` is '' where a whole file is meant. */
type Finding = { line: number; path: string; message: string; rollout?: string };
type Report = {
  file: string;
  rollouts: number;
  findings: Finding[];
  /** Whether a cluster was asked too. */
  dryRun: boolean;
  /** How many objects of other kinds were checked too, by kind. */
  checked: Record<string, number>;
  /** What else is in the file. */
  passedOver: string[];
  /** Nothing wrong, but it does not work, or stops to when Argo's controller does. */
  notes: Note[];
};
/** `example`: lines of YAML that show what to do instead. */
type Note = Finding & { example?: string[] };

export function addLint(program: Command, cli: Cli): void {
  program
    .command('lint')
    .helpGroup('Before a release:')
    .summary('check manifests without a cluster')
    .description(
      'Checks the Rollouts of manifest files: fields, types, the rules of the strategy, and what an API ' +
        'server refuses in names and in the template; and the metrics of analysis templates and runs. ' +
        'Objects of other kinds and groups are skipped; it is an error if nothing is left, or if a ' +
        'file is empty. Fields that an API server has written are ' +
        'ignored. Notes name what stops working without the controller of Argo Rollouts, such as ' +
        'notifications. Needs no server. With --kubeconfig, or --context for the files that ' +
        'kubectl would take, the API server of a cluster also checks each Rollout ' +
        'and the ReplicaSets that it will have, and the objects that it names must be there or in ' +
        'the same manifests.',
    )
    .argument('<file...>', 'manifests in YAML or JSON, - for standard input')
    .option(
      '--kubeconfig <file>',
      'also check with a dry run on this cluster, which writes nothing',
    )
    .option(...contextOption)
    .addHelpText(
      'after',
      `
Examples:
  serin lint rollout.yaml
  kustomize build overlays/prod | serin lint -
  kubectl get rollouts -A -o yaml | serin lint -
  serin lint k8s/*.yaml -o json
  serin lint rollout.yaml --context staging -n shop`,
    )
    .action(action<Options>(cli, lint));
}

async function lint({ args, options, io }: Call<Options>) {
  const verdict = await verdictOf(options, io.env);
  const files = await readManifestFiles(args, io);
  const read: Report[] = [];
  const all = files.flatMap(({ manifests }) => manifests.map(({ value }) => value));
  // One after the other: a cluster may be asked about each.
  for (const file of files) read.push(await lintFile(file, all, verdict));
  // Something for Serin is meant: that there is nothing is not as it should be.
  const isNone = !read.some((report) => {
    const { findings, passedOver } = report;
    return (
      countOf(report) + findings.length > 0 || passedOver.some((seen) => /^Rollout /.test(seen))
    );
  });
  const reports = read.map((report) =>
    isNone || isEmpty(report) ? withoutRollouts(report) : report,
  );
  if (options.output === 'json') sayJson(io, { files: reports });
  else for (const report of reports) for (const line of linesOf(report)) io.say(indented(line));
  const wrong = reports.some(({ findings }) => findings.length > 0);
  return wrong ? exitCodes.refused : exitCodes.ok;
}

/** As plain as any other line, behind the spaces that it begins with. */
function indented(line: string): string {
  const text = line.trimStart();
  return ' '.repeat(line.length - text.length) + plain(text);
}

function linesOf(report: Report): string[] {
  const { file, notes } = report;
  const told = notes.flatMap(({ line, path, message, example = [] }) => [
    `${file}:${line}: note: ${path} ${message}`,
    ...example.map((text) => `    ${text}`),
  ]);
  return [...told, ...linesOfFaults(report)];
}

function linesOfFaults(report: Report): string[] {
  const { file, rollouts, findings, dryRun, passedOver, checked } = report;
  const lines = findings.map(({ line, path, message, rollout }) => {
    const which = rollouts > 1 && rollout !== undefined ? `${rollout}: ` : '';
    return `${file}:${line}: ${which}${path === '' ? '' : `${path} `}${message}`;
  });
  if (lines.length > faultsMax) {
    const more = lines.length - faultsMax;
    return [...lines.slice(0, faultsMax), `${file}: and ${more} more; -o json shows all of them`];
  }
  if (lines.length > 0) return lines;
  if (countOf(report) === 0) return [`${file}: no Rollout, passed over: ${passedOver.join(', ')}`];
  const counts = Object.entries({ Rollout: rollouts, ...checked }).flatMap(([kind, count]) =>
    count === 0 ? [] : [countText(count, kind)],
  );
  const onCluster = dryRun && rollouts > 0 ? ', in a dry run on the cluster either' : '';
  return [`${file}: ${counts.join(', ')}, nothing wrong${onCluster}`];
}

/** What was looked at, of whatever kind. */
function countOf({ rollouts, checked }: Pick<Report, 'rollouts' | 'checked'>): number {
  return Object.values(checked).reduce((sum, count) => sum + count, rollouts);
}

async function lintFile(
  { file, manifests, faults }: ManifestFile,
  all: readonly unknown[],
  verdict: Verdict | undefined,
): Promise<Report> {
  const isRollout = ({ meaning }: Manifest) => 'kind' in meaning && meaning.kind === 'Rollout';
  const rollouts = manifests.filter(isRollout);
  const findings: Finding[] = [...faults.map((fault) => ({ ...fault, path: '' }))];
  const notes = manifests.flatMap((each) => notesOf(each, all, verdict === undefined));
  for (const each of manifests) {
    const told = isRollout(each)
      ? await check(each, all, verdict)
      : { faults: faultsOfOther(each) };
    findings.push(...told.faults);
    notes.push(...(told.notes ?? []));
  }
  const others = manifests.filter((each) => !isRollout(each) && !('fault' in each.meaning));
  const checked: Report['checked'] = {};
  for (const { value } of others) {
    const kind = checkedKind(value);
    if (kind !== undefined) checked[kind] = (checked[kind] ?? 0) + 1;
  }
  const passedOver = seenIn(others.filter(({ value }) => checkedKind(value) === undefined));
  const dryRun = verdict !== undefined;
  return { file, rollouts: rollouts.length, findings, dryRun, notes, checked, passedOver };
}

/** Not even something to pass over. */
function isEmpty(report: Report): boolean {
  return countOf(report) + report.findings.length + report.passedOver.length === 0;
}

function withoutRollouts(report: Report): Report {
  return { ...report, findings: [{ line: 1, path: '', message: noRollout(report.passedOver) }] };
}

/** Of what is no Rollout: it has another name than is meant, or metrics that cannot be measured. */
function faultsOfOther({ value, meaning, lineOf }: Manifest): Finding[] {
  const faults = 'fault' in meaning ? [meaning.fault] : metricFaults(value);
  return faults.map((fault) => ({ ...fault, line: lineOf(fault.path) }));
}

/** `isAlone`: no cluster is asked for what the files lack. */
function notesOf({ value, lineOf }: Manifest, all: readonly unknown[], isAlone: boolean): Note[] {
  const notes: Omit<Note, 'line'>[] = [
    ...endingsOf(value),
    ...routerNotes(value),
    ...blueGreenNotes(value, all),
    ...(isAlone ? [...analysisFindings(value, all).notes, ...routerObjectNotes(value, all)] : []),
  ];
  return notes.map((note) => ({ ...note, line: lineOf(note.path) }));
}

async function check(
  { value, lineOf }: Manifest,
  all: readonly unknown[],
  verdict: Verdict | undefined,
): Promise<{ faults: Finding[]; notes?: Note[] }> {
  // What is meant as a Rollout has a kind.
  const rollout = value as object;
  const known = [...faultsOf(rollout), ...analysisFindings(value, all).faults];
  const { faults = [], notes = [] } = (await verdict?.(rollout, known, all)) ?? {};
  const placed = <T extends FieldError>(told: T): T & Finding => ({
    ...told,
    line: lineOf(told.path),
    rollout: rolloutName(value),
  });
  return { faults: [...known, ...faults].map(placed), notes: notes.map(placed) };
}

/** Whatever stands there: it was not checked yet. */
function rolloutName(value: unknown): string {
  const { metadata } = value as {
    metadata?: Partial<Record<'name' | 'namespace', unknown>> | null;
  };
  const { namespace, name } = metadata ?? {};
  return [namespace, name ?? ''].filter((part) => part !== undefined).join('/');
}
