import { abortTerms } from '../decide/commands/abort.ts';
import { imageTerms } from '../decide/commands/image.ts';
import { pauseTerms } from '../decide/commands/pause.ts';
import { promoteTerms } from '../decide/commands/promote.ts';
import { restartTerms } from '../decide/commands/restart.ts';
import { resumeTerms } from '../decide/commands/resume.ts';
import { retryTerms } from '../decide/commands/retry.ts';
import type { CommandTerms } from '../decide/commands/rule.ts';
import { undoTerms } from '../decide/commands/undo.ts';
import type { Command, Verb } from '../model/intent.ts';

/** Without the rules that they are part of: those bring along what it takes to write to a rollout. */
const terms: { [V in Verb]: CommandTerms<V> } = {
  promote: promoteTerms,
  abort: abortTerms,
  retry: retryTerms,
  pause: pauseTerms,
  resume: resumeTerms,
  restart: restartTerms,
  undo: undoTerms,
  image: imageTerms,
};

export function termsOf({ verb }: Command): CommandTerms {
  return terms[verb] as CommandTerms;
}
