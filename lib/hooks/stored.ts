import { Terminal } from '../errors.ts';
import type { StoredSettings } from '../model/documents.ts';
import { faultList } from '../model/faults.ts';
import { type Millis, minuteMs } from '../model/units.ts';
import type { Clock, Documents } from '../world.ts';
import { type HookSettings, hookList } from './settings.ts';

/** How long the settings are believed without asking the table again. */
const settingsLifeMs: Millis = minuteMs / 2;

/** The hooks of the settings in the table, none if there are no settings. */
export function storedHooks({
  documents,
  clock,
}: {
  documents: Documents;
  clock: Pick<Clock, 'now'>;
}): () => Promise<HookSettings[]> {
  let known: { at: Millis; hooks: HookSettings[] } | undefined;
  return async () => {
    const now = clock.now();
    if (known !== undefined && now - known.at < settingsLifeMs) return known.hooks;
    const document = await documents.get({ kind: 'settings', id: 'current' });
    known = { at: now, hooks: document === undefined ? [] : hooksIn(document.body) };
    return known.hooks;
  };
}

function hooksIn({ hooks }: StoredSettings): HookSettings[] {
  const parsed = hookList.safeParse(JSON.parse(hooks));
  if (parsed.success) return parsed.data;
  const list = parsed.error.issues.map(({ path, message }) => `hooks.${path.join('.')} ${message}`);
  throw new Terminal(`the hooks in the table's settings are not understood: ${faultList(list)}`);
}
