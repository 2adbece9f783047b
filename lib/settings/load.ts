import { Terminal, Transient } from '../errors.ts';
import { faultList } from '../model/faults.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import type { Clock, Documents, Log } from '../world.ts';
import { parseSettings } from './parse.ts';
import type { Settings } from './schema.ts';

/** Where the table keeps them. */
export const settingsKey = { kind: 'settings', id: 'current' } as const;

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
  let last: { current: Current; readAt: Millis } | undefined;
  let known: { answer: Current | Error; until: Millis } | undefined;

  const load = async (): Promise<Current | Error> => {
    const now = clock.now();
    try {
      const current = await read(documents, last?.current);
      last = { current, readAt: now };
      known = { answer: current, until: now + lifeMs };
    } catch (error) {
      const isBrief =
        error instanceof Transient && last !== undefined && now < last.readAt + staleMs;
      if (isBrief) log('warn', 'the settings could not be read: the last ones hold', { error });
      else log('error', 'nobody is let in: the settings cannot be used', { error });
      const answer = isBrief && last !== undefined ? last.current : (error as Error);
      const isAwaited = last === undefined && error instanceof Transient;
      known = { answer, until: now + (isAwaited ? firstFailureLifeMs : failureLifeMs) };
    }
    return known.answer;
  };

  let loading: Promise<Current | Error> | undefined;
  return async () => {
    if (known === undefined || clock.now() >= known.until) {
      loading ??= load().finally(() => {
        loading = undefined;
      });
    }
    const answer = loading === undefined ? known?.answer : await loading;
    if (answer === undefined || answer instanceof Error) throw answer;
    return answer;
  };
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
