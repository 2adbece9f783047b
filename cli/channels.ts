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

/** Whom to tell, and what whoever answers in a channel may do. */
type Messaging = { channels: Channel[]; policies: string };

/** What a file of settings says of it. */
export async function messagingIn(file: string | undefined, io: Io): Promise<Messaging> {
  if (file === undefined) return { channels: [], policies: '' };
  const text = await readText(file, io, 'Name a file of settings in YAML.');
  // Loads what few need.
  const { parseSettings } = await import('../lib/settings/parse.ts');
  const { settings, faults } = parseSettings(text);
  if (settings) return { channels: settings.messages, policies: settings.policies };
  for (const { line, path, message } of faults) {
    io.warn(plain(`${file}:${line}: ${path === '' ? '' : `${path} `}${message}`));
  }
  const hint = 'Put that right and start it again; nothing was changed.';
  throw new CliError(`${file} is not used`, { exitCode: exitCodes.refused, hint });
}
