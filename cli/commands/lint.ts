import type { Command } from 'commander';
import { unsupported, validate } from '../../lib/decide/validate.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { rolloutApiVersion } from '../../lib/model/names.ts';
import { withoutNulls } from '../../lib/model/nulls.ts';
import { endingsOf } from '../afterArgo.ts';
import { exitCodes } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { type Manifest, readManifestFile, structureFaults } from '../manifest.ts';
import { plain } from '../text.ts';

/** One thing that is wrong in a file. `path` is '' when the file is no YAML. */
type Finding = { line: number; path: string; message: string };
type Report = {
  file: string;
  rollouts: number;
  findings: Finding[];
  /** Nothing wrong, but it stops working when Argo's controller does. */
  notes: Finding[];
};

export function addLint(program: Command, cli: Cli): void {
  program
    .command('lint')
    .helpGroup('Before a release:')
    .summary('check manifests without a cluster')
    .description(
      'Checks the Rollouts of manifest files: fields, types, and the rules of the strategy. Objects ' +
        'of other kinds are passed over. Notes name what stops working without the controller of Argo ' +
        'Rollouts, such as notifications. Needs no server.',
    )
    .argument('<file...>', 'manifests in YAML or JSON, - for standard input')
    .addHelpText(
      'after',
      `
Examples:
  serin lint rollout.yaml
  kustomize build overlays/prod | serin lint -
  serin lint k8s/*.yaml -o json`,
    )
    .action(action(cli, lint));
}

async function lint({ args, options, io }: Call<unknown>) {
  const reports = args.map(lintFile);
  if (options.output === 'json') sayJson(io, { files: reports });
  else {
    for (const { file, rollouts, findings, notes } of reports) {
      for (const { line, path, message } of notes) {
        io.say(plain(`${file}:${line}: note: ${path} ${message}`));
      }
      for (const { line, path, message } of findings) {
        io.say(plain(`${file}:${line}: ${path === '' ? '' : `${path} `}${message}`));
      }
      const count = rollouts === 1 ? '1 Rollout' : `${rollouts} Rollouts`;
      if (findings.length === 0) io.say(plain(`${file}: ${count}, nothing wrong`));
    }
  }
  const wrong = reports.some(({ findings }) => findings.length > 0);
  return wrong ? exitCodes.refused : exitCodes.ok;
}

function lintFile(file: string): Report {
  const { manifests, faults } = readManifestFile(file);
  const rollouts = manifests.filter(({ kind }) => kind === 'Rollout');
  const findings = [...faults.map((fault) => ({ ...fault, path: '' })), ...rollouts.flatMap(check)];
  return { file, rollouts: rollouts.length, findings, notes: manifests.flatMap(notesOf) };
}

function notesOf({ value, lineOf }: Manifest): Finding[] {
  return endingsOf(value).map((ending) => ({ ...ending, line: lineOf(ending.path) }));
}

/** The rules of the strategy can be judged only where the structure holds. */
function check(manifest: Manifest): Finding[] {
  const structure = structureFaults(manifest);
  const rollout = withoutNulls(manifest.value as Rollout);
  const faults =
    structure.length > 0
      ? structure
      : [...identityFaults(rollout), ...validate(rollout), ...unsupportedFaults(rollout)];
  return faults.map(({ path, message }) => ({ line: manifest.lineOf(path), path, message }));
}

function unsupportedFaults(rollout: Rollout) {
  const path = unsupported(rollout);
  if (path === undefined) return [];
  return [{ path, message: 'is right, but this version of Serin does not carry it out yet' }];
}

function identityFaults({ apiVersion, metadata }: Rollout) {
  const faults = [];
  if (apiVersion !== rolloutApiVersion) {
    faults.push({ path: 'apiVersion', message: `must be ${rolloutApiVersion}` });
  }
  if (!metadata?.name && !metadata?.generateName) {
    faults.push({ path: 'metadata.name', message: 'is missing' });
  }
  return faults;
}
