import type { Command } from 'commander';
import {
  type Adopted,
  type Adoption,
  adoption,
  remedies,
  type Verdict,
} from '../../lib/adopt/adopt.ts';
import { Terminal, Transient } from '../../lib/errors.ts';
import type { Context } from '../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import { CliError, exitCodes } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import {
  contextIn,
  contextOption,
  type KubeconfigOptions,
  kubeconfigOption,
  namespacesIn,
  onlyOfContext,
} from '../kubeconfig.ts';
import { columns, plainAll } from '../text.ts';
import { phaseText } from '../tree.ts';
import { ownUserAgent } from '../version.ts';

type Options = KubeconfigOptions & { allNamespaces?: true; instanceId: string; json?: true };

export function addAdopt(program: Command, cli: Cli): void {
  program
    .command('adopt')
    .helpGroup('On a cluster:')
    .summary("check that Serin can take over from Argo Rollouts' controller")
    .description(
      'Looks for a controller of Argo Rollouts that owns the Rollouts, and says how to stop it. Shows for ' +
        'each Rollout what would change when Serin takes it over. Names what else stops working with that ' +
        'controller, such as notifications. It only reads. Without --namespace, which may be given several ' +
        'times, it looks at all namespaces; without --kubeconfig too, at the one that the context names, ' +
        'if it names one.',
    )
    .option(...kubeconfigOption)
    .option(...contextOption)
    .option('-A, --all-namespaces', 'those of all namespaces, whatever the context names')
    .option('--instance-id <id>', 'only Rollouts with this controller-instance-id label', '')
    .option('--json', 'the same as --output json')
    .addHelpText(
      'after',
      `
It exits with 0 if Serin can take over. It exits with 1 if a controller still owns the Rollouts, or if
something would change that is not in progress already.

Examples:
  serin adopt
  serin adopt --context staging -n shop -n web
  serin adopt --kubeconfig ~/.kube/config -o json | jq '.rollouts[] | select(.verdict != "nothing")'`,
    )
    .action(action<Options>(cli, (call) => adopt(call, cli.namespaces)));
}

async function adopt({ options, io }: Call<Options>, given: string[]) {
  const { instanceId } = options;
  const context = orSay(() => contextIn(options, io.env));
  const namespaces = namespacesIn({ ...options, namespaces: given }, context);
  const found = await lookAt(context, { instanceId, namespaces });
  const todo = remedies(found);
  if (options.json || options.output === 'json')
    sayJson(io, { instanceId, namespaces, ...found, todo });
  else {
    const shown = plainAll({ found, todo });
    const isOfContext = namespaces.length > given.length;
    if (isOfContext) io.say(`${onlyOfContext(context)}\n`);
    for (const line of report(shown.found, shown.todo, io.colour)) io.say(line);
    if (found.isReady) io.say(`\nReady. Start it: ${runLine(options, namespaces)}`);
  }
  return found.isReady ? exitCodes.ok : exitCodes.refused;
}

async function lookAt(
  { signIn }: Context,
  scope: { instanceId: string; namespaces: string[] },
): Promise<Adoption> {
  const { get, list } = kubernetesCluster({ signIn, doorbell: true, userAgent: ownUserAgent() });
  return await adoption({ get, list }, scope, Date.now).catch(unfinished);
}

function orSay<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    return unfinished(error);
  }
}

function unfinished(error: unknown): never {
  if (!(error instanceof Terminal || error instanceof Transient)) throw error;
  const hint = 'Put that right and try again; nothing was changed.';
  throw new CliError(error.message, { exitCode: exitCodes.unreachable, hint });
}

function report(found: Adoption, todo: string[], colour: boolean): string[] {
  return [
    ...controllerLines(found),
    ...found.unseen.map((text) => `Not seen: ${text}`),
    '',
    ...rolloutLines(found, colour),
    ...sharedLines(found),
    ...endingLines(found),
    ...(todo.length > 0 ? ['', 'Not ready. To do:'] : []),
    ...todo.map((text, index) => `  ${index + 1}. ${text}`),
    ...(todo.length > 0 ? [`  ${todo.length + 1}. run \`serin adopt\` again`] : []),
  ];
}

function controllerLines({ controllers, writers }: Adoption): string[] {
  const rows = controllers.map(({ kind, namespace, name, drives, state, isRival }) => [
    isRival ? 'OWNS THEM' : '-',
    `${kind} ${namespace}/${name}`,
    state,
    `drives ${drives}`,
  ]);
  const lines = [
    ...columns(rows),
    ...writers.map(
      ({ namespace, name, manager, secondsAgo }) =>
        `OWNS THEM  ${manager} wrote the status of ${namespace}/${name} ${secondsAgo}s ago`,
    ),
  ];
  const isNone = !controllers.some(({ isRival }) => isRival) && writers.length === 0;
  const none = 'No controller of Argo Rollouts was found that owns these Rollouts.';
  return [
    "Argo Rollouts' controllers:",
    ...lines.map((line) => `  ${line}`),
    ...(isNone ? [`  ${none}`] : []),
  ];
}

const words: Record<Verdict, string> = {
  nothing: 'nothing',
  catchesUp: 'its status is written anew',
  goesOn: 'it goes on',
  unexpected: 'UNEXPECTED',
  leftAlone: 'NOT CARRIED OUT',
  unknown: 'CANNOT BE TOLD',
};

function rolloutLines({ rollouts, others }: Adoption, colour: boolean): string[] {
  const left = others === 0 ? [] : [`${others} of other instances are left alone.`];
  if (rollouts.length === 0) return ['No Rollouts to take.', ...left];
  const head = ['NAMESPACE', 'NAME', 'STATUS', 'STEP', 'WHAT WOULD CHANGE'];
  const rows = rollouts.map((each) => [
    each.namespace,
    each.name,
    ...stateOf(each, colour),
    verdictText(each),
  ]);
  const [first = '', ...lines] = columns([head, ...rows]);
  const detailed = rollouts.flatMap((each, index) => [
    lines[index] ?? '',
    ...routeLines(each),
    ...each.changes.map((text) => `    ${text}`),
  ]);
  return [first, ...detailed, ...left];
}

function routeLines({ routes = [] }: Adopted): string[] {
  return routes.map(({ object, whose, writtenBy }) => {
    const own = whose === 'the rollout' ? 'made for it' : 'not its own, only its routes are set';
    return `    by ${object}: ${own}${writtenBy === undefined ? '' : `; written last by ${writtenBy}`}`;
  });
}

function sharedLines({ shared }: Adoption): string[] {
  if (shared.length === 0) return [];
  const lines = shared.map(({ where, message }) => `  ${where} ${message}`);
  return ['', 'Written by two controllers:', ...lines];
}

function endingLines({ endings }: Adoption): string[] {
  if (endings.length === 0) return [];
  const lines = columns(endings.map(({ where, message }) => [where, message]));
  return ['', "What ends with Argo's controller:", ...lines.map((line) => `  ${line}`)];
}

function stateOf({ phase, step }: Adopted, colour: boolean): [string, string] {
  const shown = phase === undefined ? '-' : phaseText(phase, colour);
  return [shown, step === undefined ? '-' : `${step.index}/${step.count}`];
}

function verdictText({ verdict, why }: Adopted): string {
  return why === undefined ? words[verdict] : `${words[verdict]}: ${why}`;
}

function runLine(
  { kubeconfig, context, allNamespaces, instanceId }: Options,
  namespaces: string[],
): string {
  return [
    'serin run',
    ...(kubeconfig === undefined ? [] : [`--kubeconfig ${kubeconfig}`]),
    ...(context === undefined ? [] : [`--context ${context}`]),
    ...(allNamespaces ? ['--all-namespaces'] : []),
    ...namespaces.map((namespace) => `--namespace ${namespace}`),
    ...(instanceId === '' ? [] : [`--instance-id ${instanceId}`]),
  ].join(' ');
}
