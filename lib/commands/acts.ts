import type { Objection } from '../decide/commands/rule.ts';
import { latest, type Seen } from '../decide/commands/seen.ts';
import type { Act } from '../model/act.ts';
import { defined } from '../model/defined.ts';
import type { Command } from '../model/intent.ts';
import type { RolloutRecord } from '../model/record.ts';
import { capital } from '../model/text.ts';
import type { Millis } from '../model/units.ts';
import type { RolloutView } from '../model/view.ts';
import { hindrance } from './accept.ts';
import { unreadCommand, verbNames } from './verbs.ts';
import { willDo } from './willDo.ts';

/** All commands, in the order of their verbs. `record` as far as it is known; `view` is not older. Pure. */
export function actsOf(
  record: Pick<RolloutRecord, 'progress' | 'view' | 'intents' | 'conflictingController'>,
  view: RolloutView,
  now: Millis,
): Act[] {
  const seen = latest(record, view);
  if (seen === undefined) return [];
  return commandsFor(view, seen).map((command) => {
    const objection = hindrance(command, { record, seen, now });
    const { verb, ...options } = command;
    const isVariant = !(verb === 'image' || Object.keys(options).length === 0);
    return {
      verb,
      ...(isVariant && { options: options as Record<string, true | number> }),
      fits: objection === undefined,
      ...(objection && against(objection)),
      does: objection ? [] : willDo(command, seen, view),
    };
  });
}

function against({ text, remedy }: Objection): Pick<Act, 'whyNot' | 'remedy'> {
  return { whyNot: capital(text), ...defined({ remedy }) };
}

/** Each way of a verb that a person may choose. */
function commandsFor(view: RolloutView, seen: Seen): Command[] {
  const others = view.revisions
    .map(({ revision }) => revision)
    .filter((each) => each !== seen.revision);
  return verbNames.flatMap((verb): Command[] => {
    switch (verb) {
      case 'promote':
        return [
          { verb },
          { verb, full: true },
          { verb, skipCurrentStep: true },
          { verb, skipAllSteps: true },
        ];
      case 'undo':
        return others.length === 0
          ? [{ verb }]
          : others.map((toRevision) => ({ verb, toRevision }));
      default:
        return [unreadCommand(verb)];
    }
  });
}
