import { type Command, InvalidArgumentError, Option } from 'commander';
import { own } from '../../lib/model/own.ts';
import { humanDuration, type Millis, parseGoDuration, secondMs } from '../../lib/model/units.ts';
import type { Sayings } from '../../lib/simulate/metrics/said.ts';
import { verbs } from '../change/verbs.ts';
import { CliError, type ExitCode, exitCodes, usageError } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { readObjects } from '../manifest.ts';
import { columns, inventedLines, plainAll } from '../text.ts';
import { phaseText } from '../tree.ts';
import { durationMs } from '../wait/command.ts';
import { checkValues, metricHelp, metricsIn, metricValues } from './metricValues.ts';
import type { Planned, SimulatedRelease } from './simulation.ts';
import type { Step, Waiting } from './timeline.ts';

type Options = {
  image: string;
  at: Planned[];
  failPods?: true;
  ready: Millis;
  lbDelay: Millis;
  metric: Sayings;
  json?: true;
};

/** What may stand behind `--at 5m=`. */
const plannable: Record<string, { verb: string; body: object }> = Object.fromEntries(
  verbs.flatMap(({ name, shorthands = {} }) =>
    Object.entries({ [name]: {}, ...shorthands }).map(([said, body]) => [
      said,
      { verb: name, body },
    ]),
  ),
);

const planHelp =
  'a command at a time after the start; may be repeated. ' +
  `One of: ${Object.keys(plannable).join(', ')}`;

export function addSimulate(program: Command, cli: Cli): void {
  program
    .command('simulate')
    .helpGroup('Before a release:')
    .summary('show the whole timeline of a release before it happens')
    .description(
      'Deploys a manifest on a simulated cluster, releases an image, and prints what happens and ' +
        'when: steps, pods, pauses, and why it waits. Time is virtual: an hour takes no time. It goes ' +
        'as far as the release goes by itself. Needs no server; nothing real is touched.',
    )
    .argument(
      '<files...>',
      'manifests with one Rollout, the templates of its analyses and the objects of its routers; what ' +
        'its routers lack is invented; - for standard input',
    )
    .requiredOption(
      '--image <container=image>',
      'the image to release; * stands for all containers',
    )
    .addOption(
      new Option('--at <time=command>', planHelp).argParser(planned).default([], 'nothing'),
    )
    .addOption(
      new Option('--metric <name=values>', 'what a metric measures, in order; may be repeated')
        .argParser(metricValues)
        .default(new Map(), 'metrics succeed'),
    )
    .option('--fail-pods', 'pods of the new version never become ready')
    .addOption(
      new Option('--ready <duration>', 'how long a pod takes to become ready')
        .argParser(durationMs)
        .default(2 * secondMs, '2s'),
    )
    .addOption(
      new Option(
        '--lb-delay <duration>',
        'how long the load balancer of an ALB Ingress or NLB Service takes to follow it',
      )
        .argParser(durationMs)
        .default(5 * secondMs, '5s'),
    )
    .option('--json', 'the same as --output json')
    .addHelpText(
      'after',
      `${metricHelp}

The exit code is 1 if the release ends Degraded or a command is refused, and 4 if the rollout is one that
Serin leaves alone.

Examples:
  serin simulate examples/front-api.yaml --image front-api=front-api:new-tag
  kubectl get rollout web -o yaml | serin simulate - --image web=web:2
  serin simulate rollout.yaml --image web=web:2 --at 5m=promote --at 7m=abort
  serin simulate rollout.yaml --image web=web:2 --fail-pods --json | jq .phase
  serin simulate rollout.yaml templates.yaml --image web=web:2 --metric success-rate=0.99,0.97,0.2`,
    )
    .action(action<Options>(cli, simulate));
}

function planned(text: string, before: Planned[]): Planned[] {
  const [, time = '', name = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const atMs = parseGoDuration(time);
  const command = own(plannable, name);
  if (atMs !== undefined && atMs >= 0 && command !== undefined) {
    return [...before, { atMs, said: name, ...command }];
  }
  if (name !== '' && command === undefined) {
    const names = Object.keys(plannable).join(', ');
    throw new InvalidArgumentError(`There is no command ${name}; there are ${names}.`);
  }
  throw new InvalidArgumentError('Write it like 5m=promote or 90s=abort.');
}

async function simulate({ args, options, io }: Call<Options>): Promise<ExitCode> {
  const [, container, image] = /^([^=]+)=(.+)$/.exec(options.image) ?? [];
  if (container === undefined || image === undefined) {
    throw usageError(
      `${options.image} does not name a container and an image`,
      'Write it as CONTAINER=IMAGE: --image front-api=front-api:new-tag',
    );
  }
  const objects = await readObjects(args, options.namespace ?? 'default', io);
  if (objects.Rollout.length !== 1) {
    const [held, count] = [args.length > 1 ? 'hold' : 'holds', objects.Rollout.length];
    throw new CliError(`${args.join(', ')} ${held} ${count} Rollouts, and one is needed`, {
      exitCode: exitCodes.refused,
      hint: 'Put the Rollout in a file of its own, or pipe it in as `-`.',
    });
  }
  const {
    at: plan,
    failPods = false,
    ready: readyMs,
    lbDelay: lbDelayMs,
    metric: metrics,
  } = options;
  checkValues(metrics, metricsIn(objects));
  const { simulateRelease } = await import('./simulation.ts');
  const times = { readyMs, lbDelayMs };
  const asked = { objects, container, image, plan, failPods, metrics };
  const release = await simulateRelease({ ...asked, ...times });
  if (options.json || options.output === 'json') sayJson(io, release);
  else for (const line of releaseLines(plainAll(release), io.colour)) io.say(line);
  const isBad = release.phase === 'Degraded' || release.refused.length > 0;
  return isBad ? exitCodes.refused : exitCodes.ok;
}

function releaseLines(release: SimulatedRelease, colour: boolean): string[] {
  const { steps } = release;
  const has: Shown = {
    isRouted: steps.some(({ sentWeight }) => sentWeight !== null),
    hasExperiments: steps.some(({ experimentPods }) => experimentPods.desired > 0),
  };
  const sent = has.isRouted ? ['SENT'] : [];
  const pods = ['NEW PODS', 'OLD PODS', ...(has.hasExperiments ? ['EXPERIMENT'] : [])];
  const head = ['TIME', 'STEP', 'WEIGHT', ...sent, ...pods, 'STATUS', 'WHAT HAPPENS'];
  const rows = steps.flatMap((step) => stepRows(step, colour, has));
  return [
    `Release of ${release.name}, ${release.image}, simulated:`,
    ...inventedLines(release.invented),
    '',
    ...columns([head, ...rows]),
    '',
    `It ends ${phaseText(release.phase, colour)} after ${timeText(release.endsAtSeconds)}.`,
    ...release.waitsFor.map(waitingLine),
  ];
}

/** Columns that only some releases have. */
type Shown = { isRouted: boolean; hasExperiments: boolean };

/** With a router what is sent has a column beside the weight that was set. */
function stepRows(step: Step, colour: boolean, { isRouted, hasExperiments }: Shown): string[][] {
  const [first = '', ...more] = step.happened;
  const { stepIndex, stepCount, setWeight, sentWeight } = step;
  const counts = [step.newPods, step.oldPods, ...(hasExperiments ? [step.experimentPods] : [])];
  const row = [
    timeText(step.atSeconds),
    stepIndex === null ? '-' : `${stepIndex}/${stepCount}`,
    String(setWeight ?? '-'),
    ...(isRouted ? [String(sentWeight ?? '-')] : []),
    ...counts.map(({ available, desired }) => `${available}/${desired}`),
    phaseText(step.phase, colour),
  ];
  return [[...row, first], ...more.map((text) => [...row.map(() => ''), text])];
}

function timeText(seconds: number): string {
  return seconds < 60 ? `${seconds.toFixed(1)}s` : humanDuration(seconds * secondMs);
}

function waitingLine({ text, untilSeconds, unblock }: Waiting): string {
  return [
    `  ${text}`,
    ...(untilSeconds === undefined ? [] : [` Until ${timeText(untilSeconds)}.`]),
    ...(unblock === undefined ? [] : [` To move it on: ${unblock}.`]),
  ].join('');
}
