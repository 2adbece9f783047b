import { redrive as redriveLetters } from '../../lib/queue/redrive.ts';
import { sqsClient } from '../../lib/queue/sqs.ts';
import { administered } from '../admin.ts';
import { type ExitCode, exitCodes, usageError } from '../exit.ts';
import { type Call, sayJson } from '../io.ts';
import { columns, plain, plainAll } from '../text.ts';

export type RedriveOptions = { dryRun?: true; limit: number; queueUrl?: string };

export async function redrive({ options, io }: Call<RedriveOptions>): Promise<ExitCode> {
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
