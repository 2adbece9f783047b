import type { Command, Verb } from '../../model/intent.ts';
import { abort } from './abort.ts';
import { image } from './image.ts';
import { pause } from './pause.ts';
import { promote } from './promote.ts';
import { restart } from './restart.ts';
import { resume } from './resume.ts';
import { retry } from './retry.ts';
import type { CommandRule } from './rule.ts';
import { undo } from './undo.ts';

/** All that can be commanded. A new verb is a file beside this one and a row here. */
const rules: { [V in Verb]: CommandRule<V> } = {
  promote,
  abort,
  retry,
  pause,
  resume,
  restart,
  undo,
  image,
};

export function ruleOf({ verb }: Pick<Command, 'verb'>): CommandRule {
  return rules[verb] as CommandRule;
}
