import { type Command, InvalidArgumentError } from 'commander';
import { redrive as redriveLetters } from '../../lib/wake/redrive.ts';
import { sqsClient } from '../../lib/wake/sqs.ts';
import { administered } from '../admin.ts';
import { type ExitCode, exitCodes, usageError } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { columns, plain, plainAll } from '../text.ts';

type Options = { dryRun?: true; limit: number; queueUrl?: string };

const limitDefault = 1000;
const limitMax = 100_000;

export function addRedrive(program: Command, cli: Cli): void {
  program
    .command('redrive')
    .helpGroup('In AWS:')
    .summary('move the dead letters back to the queue')
    .description(
      'Moves what failed too often back to the queue, once its cause is mended: one wake for each rollout ' +
        'or cluster, due now. What is no wake stays. With the AWS credentials of the shell.',
    )
    .option('--dry-run', 'say what would be moved, and move nothing')
    .option('--limit <n>', 'look at so many dead letters at most', atLeastOne, limitDefault)
    .option('--queue-url <url>', 'the queue of wakes; or SERIN_QUEUE_URL')
    .addHelpText('after', '\nExamples:\n  serin redrive --dry-run\n  serin redrive --limit 100')
    .action(action<Options>(cli, redrive));
}

function atLeastOne(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0 && count <= limitMax) return count;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${limitMax}.`);
}

async function redrive({ options, io }: Call<Options>): Promise<ExitCode> {
  const queueUrl = options.queueUrl ?? io.env.SERIN_QUEUE_URL;
  if (!queueUrl || !URL.canParse(queueUrl)) {
    const hint = 'Name its URL with --queue-url or SERIN_QUEUE_URL; it is an output of the stack.';
    throw usageError("which queue is Serin's is not known", hint);
  }
  const { limit, dryRun = false } = options;
  const done = await administered(() => redriveLetters(sqsClient(), { queueUrl, limit, dryRun }));
  if (options.output === 'json') {
    sayJson(io, { dryRun, ...done });
    return exitCodes.ok;
  }
  const letters = done.wakes.reduce((sum, each) => sum + each.letters, 0);
  const verb = dryRun ? 'Would move' : 'Moved';
  if (letters === 0) io.say('There are no dead letters to move.');
  else io.say(`${verb} ${letters} dead letters, as ${done.wakes.length} wakes:`);
  const rows = plainAll(done.wakes).map(({ wake, letters: count }) => [`  ${wake}`, String(count)]);
  for (const line of columns(rows)) io.say(line);
  for (const body of done.unreadable)
    io.warn(`left, since it is no wake: ${plain(body.slice(0, 200))}`);
  if (done.isMore) io.warn(`there may be more: ${limit} were looked at; run it again`);
  return exitCodes.ok;
}
