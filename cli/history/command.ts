import type { Command } from 'commander';
import type { LedgerEntry } from '../../lib/model/record.ts';
import { exitCodes } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { atLeastOne } from '../numbers.ts';
import { pages } from '../pages.ts';
import { targetOf } from '../target.ts';
import { ledgerLines } from './ledger.ts';

type Options = { limit: number };

export function addHistory(program: Command, cli: Cli): void {
  program
    .command('history')
    .helpGroup('Look:')
    .summary('show who did what to a rollout, and when')
    .description(
      'Shows the ledger of a rollout, the latest entry last: revisions, steps, pauses, and who ' +
        'promoted or aborted.',
    )
    .argument('<name>', 'the rollout')
    .option('--limit <n>', 'how many of the latest entries to show', atLeastOne, 50)
    .addHelpText(
      'after',
      `
Who did it is (verified) when the command came through this API, (reported) when the cluster's
API server named somebody, (client, reported) when it named only the program that wrote the field,
such as kubectl-edit, and (unknown) otherwise. What Serin found when it first saw the rollout is
told as found: who led it there was not seen.

Examples:
  serin history front-api
  serin history front-api --limit 5
  serin history front-api -o json | jq -r '.items[] | select(.kind == "promoted") | .actor.name'`,
    )
    .action(action<Options>(cli, history));
}

async function history(call: Call<Options>) {
  const { options, io } = call;
  const { client, key, path } = targetOf(call);
  const found = await pages<LedgerEntry>(client, `${path}/history`, options.limit);
  const entries = found.items.reverse();
  if (options.output === 'json') sayJson(io, { items: entries });
  else if (entries.length === 0) io.warn(`Nothing is known to have happened to ${key.name} yet.`);
  else for (const line of ledgerLines(entries)) io.say(line);
  return exitCodes.ok;
}
