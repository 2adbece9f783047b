import { type Command, Option } from 'commander';
import { defined } from '../../lib/model/defined.ts';
import { checkedUrl } from '../connection.ts';
import { exitCodes, usageError } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { columns, plainAll } from '../text.ts';
import {
  type ConfigFile,
  configPath,
  contextNamed,
  type NamedContext,
  readConfig,
  writeConfig,
} from './contexts.ts';

const parts = ['cluster', 'namespace', 'sign-in'] as const;
type Part = (typeof parts)[number];

type SetOptions = {
  issuer?: string;
  clientId?: string;
  scopes?: string;
  audience?: string;
  unset?: Part[];
};

export function addConfig(program: Command, cli: Cli): void {
  const config = program
    .command('config')
    .helpGroup('Setup:')
    .summary('name the servers that you use, and choose among them')
    .description(
      'Keeps named contexts: the address of a server, and the cluster, the namespace and the way to sign ' +
        'in that are meant with it. They are in $XDG_CONFIG_HOME/serin/config.yaml or ' +
        '~/.config/serin/config.yaml, for your eyes only; tokens are not.',
    )
    .addHelpText('after', configHelp);
  addSet(config, cli);
  config
    .command('use')
    .summary('choose the context that is meant when none is named')
    .argument('<name>', 'the context')
    .addHelpText('after', '\nExamples:\n  serin config use prod')
    .action(action(cli, use));
  config
    .command('list')
    .alias('ls')
    .summary('list the contexts')
    .addHelpText('after', '\nExamples:\n  serin config list\n  serin config list -o json')
    .action(action(cli, list));
  config
    .command('get')
    .summary('show a context')
    .argument('[name]', 'the context; without it, the current one')
    .addHelpText('after', '\nExamples:\n  serin config get\n  serin config get prod -o json')
    .action(action(cli, get));
  config
    .command('delete')
    .summary('forget a context')
    .argument('<name>', 'the context')
    .addHelpText('after', '\nExamples:\n  serin config delete old')
    .action(action(cli, remove));
}

const configHelp = `
What is named first counts:
  the server     --server, --context, SERIN_SERVER, SERIN_CONTEXT, the current context or the \`serin dev\` or
                 \`serin run\` of this machine; where there are both, one has to be named
  the cluster    --cluster, SERIN_CLUSTER, the context, the server of this machine
  the namespace  --namespace, the context, default
  the token      --token, --token-file, SERIN_TOKEN, SERIN_TOKEN_FILE, SERIN_OIDC_AUDIENCE, \`serin login\`
A context is not used for another server than its own.

Examples:
  serin config set prod --server https://serin.example.com --cluster prod --namespace shop
  serin config set prod --issuer https://login.example.com --client-id serin-cli
  serin config use prod`;

function addSet(config: Command, cli: Cli): void {
  config
    .command('set')
    .summary('make a context, or change what is given of one')
    .description(
      'Makes a context, or changes of it what is given. The server, the cluster and the namespace are ' +
        'those of the global options. The first context becomes the current one.',
    )
    .argument('<name>', 'the context')
    .option('--issuer <url>', 'who signs people in, by OIDC')
    .option('--client-id <id>', 'what Serin is there')
    .option('--scopes <scopes>', 'what is asked for (default: openid profile email offline_access)')
    .option(
      '--audience <name>',
      'ask for an access token for this audience, and send it to the server',
    )
    .addOption(new Option('--unset <part...>', 'leave this out from now on').choices(parts))
    .addHelpText(
      'after',
      `
Examples:
  serin config set prod --server https://serin.example.com --cluster prod
  serin config set prod --issuer https://login.example.com --client-id serin-cli
  serin config set prod --unset namespace sign-in`,
    )
    .action(action<SetOptions>(cli, set));
}

async function set({ args: [name = ''], options, io }: Call<SetOptions>) {
  const config = readConfig(io.env);
  const known = config.contexts.find((each) => each.name === name);
  const context = changed(name, known, options);
  const contexts = known
    ? config.contexts.map((each) => (each === known ? context : each))
    : [...config.contexts, context];
  const current = config.current ?? name;
  writeConfig({ ...config, current, contexts }, io.env);
  if (options.output === 'json') sayJson(io, shown(context, current));
  else {
    io.say(`${known ? 'Changed' : 'Made'} context ${name} in ${configPath(io.env)}.`);
    if (current !== name) io.say(`Use it: serin config use ${name}`);
  }
  return exitCodes.ok;
}

type Given = Call<SetOptions>['options'];

function changed(name: string, known: NamedContext | undefined, options: Given): NamedContext {
  if (!/^[\w][\w.@-]*$/.test(name)) {
    throw usageError(
      `${JSON.stringify(name)} cannot be the name of a context`,
      'Use letters, digits, dots, dashes, _ and @, as in prod-eu.',
    );
  }
  const server = options.server ?? known?.server;
  if (server === undefined) {
    throw usageError(`where is the server of ${name}?`, 'Name it with --server URL.');
  }
  const isKept = (part: Part) => !options.unset?.includes(part);
  const cluster = options.cluster ?? (isKept('cluster') ? known?.cluster : undefined);
  const namespace = options.namespace ?? (isKept('namespace') ? known?.namespace : undefined);
  const before = isKept('sign-in') ? known?.signIn : undefined;
  const signIn = signInOf(before, options);
  return { name, server: checkedUrl(server), ...defined({ cluster, namespace, signIn }) };
}

function signInOf(before: NamedContext['signIn'], options: Given): NamedContext['signIn'] {
  const { issuer = before?.issuer, clientId = before?.clientId } = options;
  const { scopes = before?.scopes, audience = before?.audience } = options;
  if (issuer !== undefined && clientId !== undefined) {
    checkedUrl(issuer);
    return { issuer, clientId, ...defined({ scopes, audience }) };
  }
  if ([issuer, clientId, scopes, audience].every((each) => each === undefined)) return undefined;
  throw usageError(
    'a sign-in has an issuer and a client id',
    'Name both: --issuer URL --client-id ID.',
  );
}

async function use({ args: [name = ''], io }: Call<unknown>) {
  const config = readConfig(io.env);
  contextNamed(config, name);
  writeConfig({ ...config, current: name }, io.env);
  io.say(`The current context is ${name}.`);
  return exitCodes.ok;
}

async function list({ options, io }: Call<unknown>) {
  const { contexts, current } = readConfig(io.env);
  if (options.output === 'json') {
    sayJson(io, { items: contexts.map((each) => shown(each, current)) });
    return exitCodes.ok;
  }
  if (contexts.length === 0) {
    io.warn('There is no context. Make one: serin config set NAME --server URL --cluster NAME');
    return exitCodes.ok;
  }
  const rows = contexts.map(({ name, server, cluster, namespace, signIn }) => [
    ...[name === current ? '*' : '', name, server, cluster ?? '-', namespace ?? '-'],
    signIn?.issuer ?? '-',
  ]);
  const head = ['', 'NAME', 'SERVER', 'CLUSTER', 'NAMESPACE', 'SIGN-IN'];
  for (const line of columns(plainAll([head, ...rows]))) io.say(line);
  return exitCodes.ok;
}

async function get({ args: [name], options, io }: Call<unknown>) {
  const config = readConfig(io.env);
  const wanted = name ?? config.current;
  if (wanted === undefined) {
    throw usageError('there is no current context', 'Choose one: serin config use NAME');
  }
  const context = contextNamed(config, wanted);
  if (options.output === 'json') sayJson(io, shown(context, config.current));
  else for (const line of columns(plainAll(linesOf(context)))) io.say(line);
  return exitCodes.ok;
}

function linesOf({ signIn, ...context }: NamedContext): string[][] {
  return Object.entries({ ...context, ...signIn }).map(([field, value]) => [
    `${field}:`,
    `${value}`,
  ]);
}

async function remove({ args: [name = ''], io }: Call<unknown>) {
  const config = readConfig(io.env);
  contextNamed(config, name);
  writeConfig(without(config, name), io.env);
  io.say(`Forgot context ${name}.`);
  return exitCodes.ok;
}

function without({ current, contexts }: ConfigFile, name: string): ConfigFile {
  const left = contexts.filter((each) => each.name !== name);
  return { ...(current !== undefined && current !== name && { current }), contexts: left };
}

function shown(context: NamedContext, current: string | undefined) {
  return { ...context, isCurrent: context.name === current };
}
