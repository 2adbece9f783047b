import * as z from 'zod';
import { abortTerms } from '../decide/commands/abort.ts';
import { imageTerms } from '../decide/commands/image.ts';
import { pauseTerms } from '../decide/commands/pause.ts';
import { promoteTerms } from '../decide/commands/promote.ts';
import { restartTerms } from '../decide/commands/restart.ts';
import { resumeTerms } from '../decide/commands/resume.ts';
import { retryTerms } from '../decide/commands/retry.ts';
import type { CommandOf, CommandTerms } from '../decide/commands/rule.ts';
import { undoTerms } from '../decide/commands/undo.ts';
import type { Command, Verb } from '../model/intent.ts';

/** For policies: it goes on with a release, holds it up or takes it back, or starts something new. */
export const verbGroups = ['go', 'stop', 'change'] as const;
export type VerbGroup = (typeof verbGroups)[number];

/** What is known of a verb where commands are given. What it does to a rollout is known to its rule. */
type VerbRow<V extends Verb> = {
  terms: CommandTerms<V>;
  summary: string;
  group: VerbGroup;
  /** Its fields, and what they may hold. */
  takes: z.ZodType<Omit<CommandOf<V>, 'verb'>>;
  /** What stands for fields that it must have, where they were not read. */
  placeholders?: Omit<CommandOf<V>, 'verb'>;
};

const flag = z.boolean().exactOptional();
const nothing = z.strictObject({});

function hasFourDigits(time: string): boolean {
  const year = new Date(time).getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** All verbs, in the order in which they are listed. */
export const verbs = {
  promote: {
    terms: promoteTerms,
    summary: 'Let a paused rollout go on. 409 when nothing is paused, unless it is told to skip.',
    group: 'go',
    takes: z
      .strictObject({
        full: flag.meta({ description: 'Skip pauses and steps, and finish at once.' }),
        skipCurrentStep: flag.meta({ description: 'Go on to the next step, paused or not.' }),
        skipAllSteps: flag.meta({ description: 'Go to the end of the steps.' }),
      })
      .refine(
        ({ full, skipCurrentStep, skipAllSteps }) =>
          [full, skipCurrentStep, skipAllSteps].filter((each) => each === true).length <= 1,
        'full, skipCurrentStep and skipAllSteps exclude each other',
      ),
  },
  abort: {
    terms: abortTerms,
    summary: 'Stop the release and go back to the stable revision.',
    group: 'stop',
    takes: nothing,
  },
  retry: {
    terms: retryTerms,
    summary: 'Start an aborted release again from its first step.',
    group: 'go',
    takes: nothing,
  },
  pause: {
    terms: pauseTerms,
    summary: 'Hold the rollout where it is until somebody resumes it.',
    group: 'stop',
    takes: nothing,
  },
  resume: {
    terms: resumeTerms,
    summary: 'End the hold of a pause command. A pause of the steps stays: see promote.',
    group: 'go',
    takes: nothing,
  },
  restart: {
    terms: restartTerms,
    summary: 'Replace all pods, a few at a time.',
    group: 'change',
    takes: z.strictObject({
      at: z.iso
        .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-01-31T22:00:00Z' })
        // Kubernetes refuses others, and only when they are written.
        .refine(hasFourDigits, 'must be a time between the years 1 and 9999 (UTC)')
        .exactOptional()
        .meta({ description: 'When; at once if absent.' }),
    }),
  },
  undo: {
    terms: undoTerms,
    summary: 'Go back to an earlier revision.',
    group: 'change',
    takes: z.strictObject({
      toRevision: z.int().min(1).exactOptional().meta({
        description: 'The revision to go back to; the one before the current if absent.',
      }),
    }),
  },
  image: {
    terms: imageTerms,
    summary: 'Set the image of a container, which starts a release.',
    group: 'change',
    takes: z.strictObject({
      container: z
        .string()
        .max(63)
        .regex(
          /^(?:\*|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)$/,
          "must be a container's name, or * for all",
        )
        .meta({ description: 'The container or init container, or * for all.' }),
      image: z
        .string()
        .max(1024)
        .regex(/^[\w[][\w.\-/:@[\]]*$/, 'must be an image reference such as registry/name:tag')
        .meta({ description: 'Its new image.' }),
    }),
    placeholders: { container: 'CONTAINER', image: 'IMAGE' },
  },
} satisfies { [V in Verb]: VerbRow<V> };

export const verbNames = Object.keys(verbs) as Verb[];

export function termsOf({ verb }: Command): CommandTerms {
  return verbs[verb].terms as CommandTerms;
}

export function isVerb(name: string): name is Verb {
  return Object.hasOwn(verbs, name);
}

/** A command of which only the verb is known. */
export function unreadCommand(verb: Verb): Command {
  const row = verbs[verb];
  return { verb, ...('placeholders' in row && row.placeholders) } as Command;
}
