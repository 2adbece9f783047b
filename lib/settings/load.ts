import { cache } from '../cache.ts';
import { Terminal, Transient } from '../errors.ts';
import { settingsKey } from '../model/documents.ts';
import { faultList } from '../model/faults.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import type { Clock, Documents, Log } from '../world.ts';
import { parseSettings } from './parse.ts';
import type { Settings } from './schema.ts';

/** The settings in use; `version` 0 before any were applied. */
export type Current = { version: number; settings: Settings };

/** How long they are believed, and how long while the table does not answer. */
const lifeMs: Millis = minuteMs;
const staleMs: Millis = 15 * minuteMs;
/** How long a failure is: a caller waits for the first settings of all, and not for newer ones. */
const failureLifeMs: Millis = 5 * secondMs;
const firstFailureLifeMs: Millis = secondMs;

type Outside = { documents: Documents; clock: Clock; log: Log };

/**
 * Reads the settings, through a cache. Rejects with Transient when the table does not answer and with
 * Terminal when what it holds is not understood: nobody is let in by what may mean something else.
 */
export function settingsReader({ documents, clock, log }: Outside): () => Promise<Current> {
  const current = cache<Current>({
    ...{ now: clock.now, lifeMs },
    read: (_, last) => read(documents, last),
    standsIn: (error, ageMs) => error instanceof Transient && ageMs < staleMs,
    failureLifeMs: (isFirst) => (isFirst ? firstFailureLifeMs : failureLifeMs),
    onFailure: (error, standsIn) => {
      if (standsIn) log('warn', 'the settings could not be read: the last ones hold', { error });
      else log('error', 'nobody is let in: the settings cannot be used', { error });
    },
  });
  return async () => (await current('')).value;
}

async function read(documents: Documents, last: Current | undefined): Promise<Current> {
  const document = await documents.get(settingsKey);
  const { version = 0, body } = document ?? {};
  if (last?.version === version) return last;
  const { settings, faults } = parseSettings(body?.text ?? '');
  if (settings !== undefined) return { version, settings };
  const list = faults.map(({ line, path, message }) => `line ${line}: ${path} ${message}`);
  throw new Terminal(
    `the settings in the table (version ${version}) are not understood: ${faultList(list)}. A newer ` +
      'Serin may have written them: upgrade this one, or apply them again with `serin settings apply`',
  );
}
