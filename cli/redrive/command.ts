import { type Command, InvalidArgumentError } from 'commander';
import { action, type Cli } from '../io.ts';
import type { RedriveOptions } from './redrive.ts';

const limitDefault = 1000;
const limitMax = 100_000;

export function addRedrive(program: Command, cli: Cli): void {
  program
    .command('redrive')
    .helpGroup('On AWS:')
    .summary('move the messages of the dead-letter queue back to the queue')
    .description(
      'Moves messages that failed too often back to the queue. Fix the cause first. There ' +
        'is one wake for each rollout or cluster, due now. Messages that are not wakes stay. Uses the AWS ' +
        'credentials of the shell.',
    )
    .option('--dry-run', 'say what would be moved, and move nothing')
    .option('--limit <n>', 'look at no more than this many messages', atLeastOne, limitDefault)
    .option('--queue-url <url>', 'the queue of wakes; or SERIN_QUEUE_URL')
    .addHelpText('after', '\nExamples:\n  serin redrive --dry-run\n  serin redrive --limit 100')
    .action(
      // Loads what no other command needs.
      action<RedriveOptions>(cli, async (call) => (await import('./redrive.ts')).redrive(call)),
    );
}

function atLeastOne(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0 && count <= limitMax) return count;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${limitMax}.`);
}
