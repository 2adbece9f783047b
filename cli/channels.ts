import type { Channel } from '../lib/model/notification.ts';
import { CliError, exitCodes } from './exit.ts';
import { readText } from './input.ts';
import type { Io } from './io.ts';
import { plain } from './text.ts';

/** The option of what runs Serin in a process of one's own. */
export const settingsOption = [
  '--settings <file>',
  'tell the channels that `messages` of this file lists (docs/messages.md)',
] as const;

/** The channels of a file of settings. */
export async function channelsIn(file: string | undefined, io: Io): Promise<Channel[]> {
  if (file === undefined) return [];
  const text = await readText(file, io, 'Name a file of settings in YAML.');
  // Loads what few need.
  const { parseSettings } = await import('../lib/settings/parse.ts');
  const { settings, faults } = parseSettings(text);
  if (settings) return settings.messages;
  for (const { line, path, message } of faults) {
    io.warn(plain(`${file}:${line}: ${path === '' ? '' : `${path} `}${message}`));
  }
  const hint = 'Put that right and start it again; nothing was changed.';
  throw new CliError(`${file} is not used`, { exitCode: exitCodes.refused, hint });
}
