import type { Command } from 'commander';
import { stringify } from 'yaml';
import { Terminal, Transient } from '../../lib/errors.ts';
import { type Definition, definitions } from '../../lib/model/definitions.ts';
import type { Env } from '../../server/dataFolder.ts';
import { CliError, exitCodes } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { contextIn, contextOption, type KubeconfigOptions, namesCluster } from '../kubeconfig.ts';
import { plain } from '../text.ts';
import { ownUserAgent } from '../version.ts';

export function addCrds(program: Command, cli: Cli): void {
  program
    .command('crds')
    .helpGroup('On a cluster:')
    .summary('print the CustomResourceDefinitions, for kubectl apply')
    .description(
      'Prints the definitions of Rollout, AnalysisTemplate, ClusterAnalysisTemplate, AnalysisRun and ' +
        'Experiment. They accept what those of Argo Rollouts v1.10 accept. A cluster that has the ' +
        'definitions of Argo Rollouts needs none of them. With --kubeconfig, or --context for ' +
        'the files that kubectl would take, definitions that the cluster already has, whoever installed ' +
        'them, are left out. Nothing is written to the cluster.',
    )
    .option('--kubeconfig <file>', 'leave out what this cluster has')
    .option(...contextOption)
    .addHelpText(
      'after',
      `
When nothing is missing, kubectl gets nothing, and says so with exit code 1.

Examples:
  serin crds | kubectl apply --server-side -f -
  serin crds --kubeconfig ~/.kube/config | kubectl apply --server-side -f -
  serin crds > crds.yaml`,
    )
    .action(action<KubeconfigOptions>(cli, crds));
}

async function crds({ options, io }: Call<KubeconfigOptions>) {
  const all = definitions();
  const there = await installed(all.map(nameOf), options, io.env);
  const missing = all.filter((each) => !there.includes(nameOf(each)));
  if (there.length > 0) {
    const more = missing.length === 0 ? ': there is nothing to install' : '';
    io.warn(`serin: left out what the cluster has: ${there.join(', ')}${more}`);
  }
  if (options.output === 'json') {
    sayJson(io, { apiVersion: 'v1', kind: 'List', items: missing });
  } else {
    for (const name of there) io.say(`# ${name} is in the cluster: left out`);
    for (const each of missing) io.write(`---\n${yamlOf(each)}`);
  }
  return exitCodes.ok;
}

function nameOf({ metadata }: Definition): string {
  return metadata.name;
}

/** kubectl reads YAML 1.1, where a bare y or on is a boolean. */
function yamlOf(definition: Definition): string {
  return stringify(definition, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 });
}

async function installed(names: string[], options: KubeconfigOptions, env: Env): Promise<string[]> {
  if (!namesCluster(options)) return [];
  // Loads what is not needed without a cluster.
  const { installedDefinitions } = await import('../../lib/diagnose/installed.ts');
  try {
    const { signIn } = contextIn(options, env);
    return await installedDefinitions(names, { signIn, userAgent: ownUserAgent() });
  } catch (error) {
    if (!(error instanceof Terminal || error instanceof Transient)) throw error;
    const hint = 'Without --kubeconfig, all of them are printed.';
    throw new CliError(plain(error.message), { exitCode: exitCodes.unreachable, hint });
  }
}
