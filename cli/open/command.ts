import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { stateFolder } from '../../server/dataFolder.ts';
import { openInBrowser } from '../browser.ts';
import { resolveConnection } from '../connection.ts';
import { type ExitCode, exitCodes } from '../exit.ts';
import { action, type Call, type Cli, type Io } from '../io.ts';
import { pageAddress } from '../page.ts';
import { targetOf } from '../target.ts';

type Options = { print?: true };

export function addOpen(program: Command, cli: Cli): void {
  program
    .command('open')
    .alias('dashboard')
    .helpGroup('Look:')
    .summary("open Serin's page in the browser, at a rollout or at all of them")
    .description(
      "Opens Serin's page. The token of a `serin dev` or `serin run` on this machine comes with the " +
        'address; elsewhere the page asks who you are.',
    )
    .argument('[rollout...]', 'the rollout; without it, the list of all')
    .option('--print', 'print the address, token included, and open nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  serin open\n  serin open front-api -n shop\n  serin open --print',
    )
    .action(action<Options>(cli, open));
}

async function open(call: Call<Options>): Promise<ExitCode> {
  const { args, options, io } = call;
  const key = args.length === 0 ? undefined : targetOf(call).key;
  const { server, token, local } = resolveConnection(options, io.env);
  const isLocal = local?.isRunning === true && local.isItsToken;
  const address = pageAddress(server, { key, token: isLocal ? token : undefined });
  if (options.print) {
    io.say(address);
    return exitCodes.ok;
  }
  io.say(`Opening ${pageAddress(server, { key })}`);
  const isOpened = await openInBrowser(isLocal ? leadingTo(address, io.env) : address);
  if (!isOpened) {
    io.warn('serin: no browser could be started here');
    io.warn('  `serin open --print` prints the address, for a browser of your choice.');
    return exitCodes.refused;
  }
  return exitCodes.ok;
}

/**
 * A file of this user's alone that leads to an address with a token: what a program is started with can be
 * read by everybody on a machine.
 */
function leadingTo(address: string, env: Io['env']): string {
  const folder = join(stateFolder(env), 'pages');
  // Those of earlier calls have been read.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${process.pid}.html`);
  const html = `<!doctype html><meta http-equiv="refresh" content="0;url=${address}"><title>Serin</title>\n`;
  writeFileSync(file, html, { mode: 0o600, flag: 'wx' });
  return pathToFileURL(file).href;
}
