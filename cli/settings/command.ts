import type { Command } from 'commander';
import { checkPolicies } from '../../lib/access/policies.ts';
import { Conflict } from '../../lib/errors.ts';
import { settingsKey } from '../../lib/model/documents.ts';
import { toTime } from '../../lib/model/units.ts';
import { parseSettings } from '../../lib/settings/parse.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { administered, openAwsTable, operator, type TableOptions, tableOption } from '../admin.ts';
import { CliError, exitCodes, usageError } from '../exit.ts';
import { readText } from '../input.ts';
import { action, type Call, type Cli, type Io, sayJson } from '../io.ts';
import { contextOption, kubeconfigOption } from '../kubeconfig.ts';
import { plain } from '../text.ts';
import type { ImportOptions } from './import.ts';

type Finding = { line: number; path: string; message: string; isError: boolean };
type Checked = { text: string; settings?: Settings; findings: Finding[]; isRight: boolean };
type ApplyOptions = TableOptions & { ifVersion?: number };

export function addSettings(program: Command, cli: Cli): void {
  const settings = program
    .command('settings')
    .helpGroup('On AWS:')
    .summary('say who may do what')
    .description(
      'The settings of Serin on AWS, one YAML document: issuers whose tokens are trusted, policies ' +
        'in Cedar, CI webhooks. See docs/aws/access.md.',
    )
    .addHelpText(
      'after',
      `
Examples:
  serin settings check settings.yaml
  serin settings apply settings.yaml --table serin-prod
  serin settings show --table serin-prod > settings.yaml
  serin settings import --context prod --cluster prod > messages.yaml`,
    );
  settings
    .command('check')
    .summary('check a file; needs no AWS')
    .argument('<file>', 'the settings in YAML, - for standard input')
    .action(action(cli, check));
  settings
    .command('apply')
    .summary('check a file and put it in use')
    .argument('<file>', 'the settings in YAML, - for standard input')
    .option(...tableOption)
    .option('--if-version <n>', 'only over this version (see show)', wholeNumber)
    .action(action<ApplyOptions>(cli, apply));
  settings
    .command('show')
    .summary('print the settings in use')
    .option(...tableOption)
    .action(action<TableOptions>(cli, show));
  settings
    .command('import')
    .summary("print Argo Rollouts' notifications as settings")
    .description(
      'Reads the subscriptions of a cluster, in annotations of its Rollouts and in the ConfigMap ' +
        'argo-rollouts-notification-configmap, and prints them as `messages`. Says what is left out, and ' +
        'where it stands. Secrets are not read. It only reads.',
    )
    .option(...kubeconfigOption)
    .option(...contextOption)
    .option('--argo-namespace <name>', "where Argo Rollouts' controller is", 'argo-rollouts')
    .action(
      action<ImportOptions>(cli, async (call) => {
        // Loads what no other command of this group needs.
        const { importSettings } = await import('./import.ts');
        return await importSettings(call);
      }),
    );
}

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw usageError(
    `--if-version ${text} is no version`,
    'It is a whole number: 0 before the first.',
  );
}

async function check({ args: [file = ''], options, io }: Call<unknown>) {
  const checked = await checkFile(file, io);
  if (options.output === 'json') sayJson(io, { file, findings: checked.findings });
  else for (const line of linesOf(file, checked)) io.say(line);
  return checked.isRight ? exitCodes.ok : exitCodes.refused;
}

async function checkFile(file: string, io: Io): Promise<Checked> {
  const text = await readText(file, io, 'Name a file of settings in YAML.');
  const { settings, faults, isEmpty, policyLine } = parseSettings(text);
  const findings: Finding[] = faults.map((fault) => ({ ...fault, isError: true }));
  if (isEmpty) {
    const message = 'is empty: such settings permit nobody anything';
    findings.push({ line: 1, path: '', message, isError: true });
  } else if (settings?.policies.trim() === '') {
    const message = 'are missing: nobody may do anything';
    findings.push({ line: 1, path: 'policies', message, isError: false });
  } else if (settings !== undefined) {
    // Loads four megabytes that no other command needs.
    const { loadCedar } = await import('../../lib/access/cedar.ts');
    const found = checkPolicies(await loadCedar(), settings.policies);
    findings.push(
      ...found.map(({ line, ...rest }) => ({ ...rest, line: policyLine(line), path: 'policies' })),
    );
  }
  const isRight = !findings.some(({ isError }) => isError);
  return { text, ...(settings && { settings }), findings, isRight };
}

function linesOf(file: string, { findings }: Checked): string[] {
  if (findings.length === 0) return [plain(`${file}: nothing wrong`)];
  return findings.map(({ line, path, message, isError }) =>
    plain(
      `${file}:${line}: ${isError ? '' : 'warning: '}${path === '' ? '' : `${path} `}${message}`,
    ),
  );
}

async function apply({ args: [file = ''], options, io }: Call<ApplyOptions>) {
  const checked = await checkFile(file, io);
  if (checked.findings.length > 0) for (const line of linesOf(file, checked)) io.warn(line);
  if (!checked.isRight) {
    const hint = 'Nothing was changed: what is in use stays in use.';
    throw new CliError(`${file} is not applied`, { exitCode: exitCodes.refused, hint });
  }
  const { documents } = await openAwsTable(options, io);
  const version = await administered(async () => {
    const read = options.ifVersion ?? (await documents.get(settingsKey))?.version ?? 0;
    const body = {
      text: checked.text,
      hooks: JSON.stringify(checked.settings?.hooks ?? []),
      clusters: JSON.stringify(checked.settings?.clusters ?? {}),
      metrics: JSON.stringify(checked.settings?.metrics ?? {}),
      messages: JSON.stringify(checked.settings?.messages ?? []),
      appliedAt: Date.now(),
      appliedBy: operator(),
    };
    try {
      return (await documents.put({ ...settingsKey, version: read, body })).version;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      throw new CliError(`somebody else has applied settings: version ${read} is not in use`, {
        exitCode: exitCodes.refused,
        hint: 'Look at theirs with `serin settings show`, put yours into them, and apply again.',
      });
    }
  });
  io.say(`Settings applied as version ${version}. The functions take them up within a minute.`);
  return exitCodes.ok;
}

async function show({ options, io }: Call<TableOptions>) {
  const { documents } = await openAwsTable(options, io);
  const document = await administered(() => documents.get(settingsKey));
  if (document === undefined) {
    throw new CliError('no settings were applied yet, so nobody may do anything', {
      exitCode: exitCodes.unreachable,
      hint: 'Write a file after docs/aws/access.md and use `serin settings apply FILE`.',
    });
  }
  const { version, body } = document;
  if (options.output === 'json') sayJson(io, { version, ...body });
  else {
    io.warn(plain(`version ${version}, ${toTime(body.appliedAt)} by ${body.appliedBy}`));
    io.write(body.text);
  }
  return exitCodes.ok;
}
