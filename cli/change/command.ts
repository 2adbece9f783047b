import { type Command, InvalidArgumentError, Option } from 'commander';
import { fromTime, parseGoDuration, toTime } from '../../lib/model/units.ts';
import { CliError, type ExitCode, exitCodes, usageError } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { atLeastOne, wholeNumber } from '../numbers.ts';
import { plain } from '../text.ts';
import { sendCommand } from './change.ts';

type Verb = {
  name: string;
  summary: string;
  description: string;
  examples: string[];
  /** Adds the options that only this command has. */
  extend?: (command: Command) => Command;
};

type Options = {
  reason?: string;
  expectRevision?: number;
  expectStep?: number;
  expectHash?: string;
  expectImage?: string;
};
type PromoteOptions = { full?: true; skipCurrentStep?: true; skipAllSteps?: true };
type RestartOptions = { at?: string };
type UndoOptions = { toRevision?: number };

const verbs: Verb[] = [
  {
    name: 'promote',
    summary: 'let a paused rollout go on',
    description:
      'Ends the pause a rollout is in, so that it goes on with its next step. Refused when nothing ' +
      'is paused, unless it is told to skip. With --expect-image or --expect-hash a rollout that is ' +
      'Healthy at just that has nothing left to promote: it says so, and ends with 0.',
    examples: [
      'serin promote front-api --reason "error rate is fine"',
      'serin promote front-api --expect-image registry.example/front-api:4f2a9c1',
      'serin promote front-api --expect-revision 7 --expect-step 1',
      'serin promote front-api --full',
    ],
    extend: (promote) =>
      promote
        .addOption(
          new Option('--full', 'skip pauses and steps, and finish at once').conflicts([
            'skipCurrentStep',
            'skipAllSteps',
          ]),
        )
        .addOption(
          new Option('--skip-current-step', 'go on to the next step, paused or not').conflicts(
            'skipAllSteps',
          ),
        )
        .option('--skip-all-steps', 'go to the end of the steps'),
  },
  {
    name: 'abort',
    summary: 'stop a release and go back to the stable revision',
    description:
      'Stops the release that is under way: the stable revision gets all the traffic and pods back. ' +
      'The rollout is Degraded until it is retried, undone, or given a new template.',
    examples: ['serin abort front-api --reason "5xx on checkout"'],
  },
  {
    name: 'retry',
    summary: 'start an aborted release again from its first step',
    description: 'Starts an aborted release again from its first step.',
    examples: ['serin retry front-api'],
  },
  {
    name: 'pause',
    summary: 'hold a rollout where it is',
    description: 'Holds a rollout where it is, whatever its steps say, until `serin resume`.',
    examples: ['serin pause front-api --reason "incident 4711"'],
  },
  {
    name: 'resume',
    summary: 'undo `serin pause`',
    description: 'Ends a hold that `serin pause` began. A pause of the steps stays: see `promote`.',
    examples: ['serin resume front-api'],
  },
  {
    name: 'restart',
    summary: 'replace all pods, a few at a time',
    description: 'Replaces the pods of a rollout, a few at a time, now or at a time.',
    examples: ['serin restart front-api', 'serin restart front-api --at 2026-01-31T22:00:00Z'],
    extend: (restart) =>
      restart.option(
        '--at <time>',
        'when: a time such as 2026-01-31T22:00:00Z, or from now, such as 30m',
        timeOrSpan,
      ),
  },
  {
    name: 'undo',
    summary: 'go back to an earlier revision',
    description: 'Goes back to the template of the revision before, or of a given one.',
    examples: ['serin undo front-api', 'serin undo front-api --to-revision 3'],
    extend: (undo) => undo.option('--to-revision <n>', 'the revision to go back to', atLeastOne),
  },
];

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
      .action(action<Options>(cli, (call) => change(verb.name, call)));
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
    .option('--expect-step <n>', 'only if so many steps are done', wholeNumber)
    .option('--expect-hash <hash>', 'only if its template has this hash')
    .option('--expect-image <image>', 'only if its template names this image');
}

function timeOrSpan(text: string): string {
  const spanMs = parseGoDuration(text);
  const at = spanMs === undefined ? fromTime(text) : Date.now() + spanMs;
  if (!Number.isNaN(at)) return toTime(at);
  throw new InvalidArgumentError('Write a time like 2026-01-31T22:00:00Z, or a span like 30m.');
}

function change(verb: string, call: Call<Options>) {
  const { full, skipCurrentStep, skipAllSteps } = call.options as PromoteOptions;
  const { at } = call.options as RestartOptions;
  const { toRevision } = call.options as UndoOptions;
  const body = { full, skipCurrentStep, skipAllSteps, at, toRevision, ...common(call.options) };
  const sent = sendCommand(verb, body, call);
  return verb === 'promote' ? sent.catch((error) => unlessReleased(error, call)) : sent;
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
    ...(options.expectRevision === undefined ? {} : { revision: options.expectRevision }),
    ...(options.expectStep === undefined ? {} : { stepIndex: options.expectStep }),
    ...(options.expectHash === undefined ? {} : { podHash: options.expectHash }),
    ...(options.expectImage === undefined ? {} : { image: options.expectImage }),
  };
  return { reason, ...(Object.keys(expect).length === 0 ? {} : { expect }) };
}
