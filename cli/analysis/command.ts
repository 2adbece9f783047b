import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Tried } from '../../lib/model/inquiry.ts';
import { CliError, type ExitCode, exitCodes } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { contextOption, type KubeconfigOptions } from '../kubeconfig.ts';
import { metricsRoleOption } from '../metricsRole.ts';
import { plain, plainAll } from '../text.ts';
import { analysisPhaseText } from '../tree.ts';
import { tryFromHere, tryRemote } from './tried.ts';

type Options = KubeconfigOptions & {
  arg: Record<string, string>;
  metric?: string;
  clusterScoped?: true;
  remote?: true;
  metricsRole?: string;
};

export function addAnalysis(program: Command, cli: Cli): void {
  const analysis = program
    .command('analysis')
    .helpGroup('Before a release:')
    .summary('try what an analysis would measure')
    .description('What people need who write an AnalysisTemplate.');
  analysis
    .command('try')
    .summary('measure the metrics of a template once, now')
    .description(
      'Measures each metric of a template once, now, from this machine (with --remote, from the server), ' +
        'and prints what was asked, the raw answer, the result, and what each condition makes of it. ' +
        'Nothing is written to a cluster, and a Job is not created. Intervals, delays, counts and limits ' +
        'do not matter here.',
    )
    .argument(
      '<template>',
      'a file with AnalysisTemplates, - for standard input, or a name in the cluster',
    )
    .addOption(
      new Option('--arg <name=value>', 'an argument of the template; may be repeated')
        .argParser(argument)
        .default({}, 'those of the template'),
    )
    .option('--metric <name>', 'this metric alone')
    .option(
      '--kubeconfig <file>',
      'the cluster of the template, of the Secrets that it names, and of metric servers within it; with ' +
        'the rights of its user (default, for a name or with --context: KUBECONFIG or ~/.kube/config)',
    )
    .option(...contextOption)
    .option(...metricsRoleOption)
    .option(
      '--remote',
      'the Serin server measures, with its network and rights: a template in the cluster, by name',
    )
    .option('--cluster-scoped', 'the name is that of a ClusterAnalysisTemplate')
    .addHelpText(
      'after',
      `
Secrets that were read are shown as *****. Requests are made from this machine, with its network and its AWS
credentials, which are used for no more than in a run: the functions may reach other servers, which --remote
tells. It needs a policy that permits tryAnalysis on the namespace, and prints no raw answers. The exit code
is 1 unless every metric is Successful.

Examples:
  serin analysis try template.yaml --arg service=web
  serin analysis try success-rate -n shop --context prod --arg service=web --metric errors
  serin analysis try success-rate --remote -n shop --arg service=web
  serin analysis try template.yaml -o json | jq -r '.items[].asked[].body'`,
    )
    .action(action<Options>(cli, tryTemplate));
}

function argument(text: string, before: Record<string, string>): Record<string, string> {
  const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('Write it like service=web.');
  return { ...before, [name]: value };
}

async function tryTemplate({ args, options, io }: Call<Options>): Promise<ExitCode> {
  const asked = { ...options, template: args[0] ?? '', args: options.arg };
  const tried = options.remote ? await tryRemote(asked, io) : await tryFromHere(asked, io);
  if (tried.length === 0) {
    throw new CliError(`the template has no metric ${options.metric ?? ''}`.trimEnd(), {
      exitCode: exitCodes.refused,
      hint: 'Its metrics stand in spec.metrics.',
    });
  }
  if (options.output === 'json') sayJson(io, { items: tried });
  else {
    for (const [index, each] of plainAll(tried).entries()) {
      if (index > 0) io.say('');
      for (const line of linesOf(each, io.colour))
        io.say(plain(line).replace(/^ */, /^ */.exec(line)?.[0] ?? ''));
    }
  }
  return tried.every(({ phase }) => phase === 'Successful') ? exitCodes.ok : exitCodes.refused;
}

/** So much of an answer is printed. */
const bodyMax = 2000;

function linesOf(
  { metric, provider, asked, value, conditions, phase, message }: Tried,
  colour: boolean,
) {
  return [
    `${metric} (${provider})`,
    ...asked.flatMap(({ request, status, body, error }) => [
      `  asked: ${request}`,
      error === undefined
        ? `  answer: ${[status, body && cut(body)].filter(Boolean).join(' ')}`
        : `  no answer: ${error}`,
    ]),
    ...(value === undefined ? [] : [`  result: ${value}`]),
    ...conditions.map(({ kind, condition, holds, error }) =>
      error === undefined
        ? `  ${kind} ${condition}: ${holds ? 'holds' : 'does not hold'}`
        : `  ${kind} ${condition}: error: ${error}`,
    ),
    `  ${analysisPhaseText(phase, colour)}${message === '' ? '' : `: ${message}`}`,
  ];
}

function cut(body: string): string {
  const text = body.trim();
  if (text.length <= bodyMax) return text;
  return `${text.slice(0, bodyMax)}… (${text.length - bodyMax} letters more; -o json has them)`;
}
