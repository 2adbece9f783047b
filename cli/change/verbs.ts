import { type Command, InvalidArgumentError, Option } from 'commander';
import { fromTime, parseGoDuration, toTime } from '../../lib/model/units.ts';
import { atLeastOne } from '../numbers.ts';

export type Verb = {
  name: string;
  summary: string;
  description: string;
  examples: string[];
  /** Adds the options that only this command has. */
  extend?: (command: Command) => Command;
  /** Those of its options that are fields of its body. */
  fields?: string[];
  /** What else it is called where it stands without options: `serin simulate --at 5m=promote-full`. */
  shorthands?: Record<string, object>;
};

/** Each command that only takes a rollout and options. */
export const verbs: Verb[] = [
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
    fields: ['full', 'skipCurrentStep', 'skipAllSteps'],
    shorthands: {
      'promote-full': { full: true },
      'skip-current-step': { skipCurrentStep: true },
      'skip-all-steps': { skipAllSteps: true },
    },
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
    fields: ['at'],
  },
  {
    name: 'undo',
    summary: 'go back to an earlier revision',
    description: 'Goes back to the template of the revision before, or of a given one.',
    examples: ['serin undo front-api', 'serin undo front-api --to-revision 3'],
    extend: (undo) => undo.option('--to-revision <n>', 'the revision to go back to', atLeastOne),
    fields: ['toRevision'],
  },
];

function timeOrSpan(text: string): string {
  const spanMs = parseGoDuration(text);
  const at = spanMs === undefined ? fromTime(text) : Date.now() + spanMs;
  if (!Number.isNaN(at)) return toTime(at);
  throw new InvalidArgumentError('Write a time like 2026-01-31T22:00:00Z, or a span like 30m.');
}
