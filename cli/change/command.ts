import type { Command } from 'commander';
import { defined } from '../../lib/model/defined.ts';
import { CliError, type ExitCode, exitCodes, usageError } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { wholeNumber } from '../numbers.ts';
import { plain } from '../text.ts';
import { sendCommand } from './change.ts';
import { type Verb, verbs } from './verbs.ts';

type Options = {
  reason?: string;
  expectRevision?: number;
  expectStep?: number;
  expectHash?: string;
  expectImage?: string;
};
export function addChanges(program: Command, cli: Cli): void {
  for (const verb of verbs) {
    const added = program
      .command(verb.name)
      .helpGroup('Change:')
      .summary(verb.summary)
      .description(verb.description)
      .argument('<name>', 'the rollout');
    addPreconditions(verb.extend === undefined ? added : verb.extend(added))
      .addHelpText('after', examples(verb.examples))
      .action(action<Options>(cli, (call) => change(verb, call)));
  }
  const set = program
    .command('set')
    .helpGroup('Change:')
    .summary('set the image of a container')
    .description('Sets a part of a rollout.');
  addPreconditions(
    set
      .command('image')
      .description(
        'Sets the image of a container, of an init container too, which starts a release.',
      )
      .argument('<name>', 'the rollout')
      .argument('<container=image>', 'which container, * for all, and its new image'),
  )
    .addHelpText(
      'after',
      examples(['serin set image front-api front-api=front-api:new-tag --reason "sprint 12"']),
    )
    .action(action<Options>(cli, setImage));
}

function examples(lines: string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n');
}

function addPreconditions(to: Command): Command {
  return to
    .option('--reason <text>', 'why, for the ledger')
    .option('--expect-revision <n>', 'only if it is at this revision', wholeNumber)
    .option('--expect-step <n>', 'only if this many steps are done', wholeNumber)
    .option('--expect-hash <hash>', 'only if its template has this hash')
    .option('--expect-image <image>', 'only if its template names this image');
}

function change({ name, fields = [] }: Verb, call: Call<Options>) {
  const options: Record<string, unknown> = call.options;
  const own = Object.fromEntries(fields.map((field) => [field, options[field]]));
  const sent = sendCommand(name, { ...own, ...common(call.options) }, call);
  return name === 'promote' ? sent.catch((error) => unlessReleased(error, call)) : sent;
}

/** A pipeline that is run again, or for the first version of all, has what it promotes. */
function unlessReleased(error: unknown, { options, io }: Call<Options>): ExitCode {
  const names = options.expectImage ?? options.expectHash;
  const problem = error instanceof CliError ? error.problem : undefined;
  const { phase } = (problem?.rollout ?? {}) as { phase?: string };
  if (names === undefined || phase !== 'Healthy') throw error;
  if (options.output === 'json') sayJson(io, problem);
  else io.say(plain(problem?.detail ?? ''));
  return exitCodes.ok;
}

function setImage(call: Call<Options>) {
  const [name = '', assignment = ''] = call.args;
  const [, container, image] = /^([^=]+)=(.+)$/.exec(assignment) ?? [];
  if (container === undefined || image === undefined) {
    throw usageError(
      `${assignment} does not name a container and an image`,
      `Write it as CONTAINER=IMAGE: serin set image ${name} front-api=front-api:new-tag`,
    );
  }
  const body = { container, image, ...common(call.options) };
  return sendCommand('image', body, { ...call, args: [name] });
}

function common({ reason, ...options }: Options) {
  const expect = {
    ...defined({
      revision: options.expectRevision,
      stepIndex: options.expectStep,
      podHash: options.expectHash,
      image: options.expectImage,
    }),
  };
  return { reason, ...(Object.keys(expect).length === 0 ? {} : { expect }) };
}
