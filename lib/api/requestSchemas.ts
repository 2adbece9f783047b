import * as z from 'zod';
import type { Command, Verb } from '../model/intent.ts';

// The one source of what requests may hold: bodies and queries are checked with it, and the OpenAPI
// document is made from it.

/** The schemas that have a name in the OpenAPI document. */
export const components = z.registry<{ id: string }>();

const hasNoControl = /^[^\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]*$/u;
const count = z.int().min(0);

function hasFourDigits(time: string): boolean {
  const year = new Date(time).getUTCFullYear();
  return year >= 1 && year <= 9999;
}

const expect = z
  .strictObject({
    revision: count.exactOptional().meta({ description: 'The revision of the rollout.' }),
    stepIndex: count.exactOptional().meta({ description: 'How many steps are done.' }),
    podHash: z.string().max(63).exactOptional().meta({ description: 'The pod template hash.' }),
    image: z.string().max(1024).exactOptional().meta({
      description: 'An image that the pod template names.',
    }),
  })
  .meta({
    description: 'What must be so. If anything differs the answer is 409 and nothing changes.',
  })
  .register(components, { id: 'Expect' });

const common = {
  reason: z
    .string()
    .min(1)
    .max(1000)
    .regex(hasNoControl, 'must not hold control or invisible characters')
    .exactOptional()
    .meta({ description: 'Why, for the ledger.' }),
  expect: expect.exactOptional(),
};

const flag = z.boolean().exactOptional();

const promote = z
  .strictObject({
    full: flag.meta({ description: 'Skip pauses and steps, and finish at once.' }),
    skipCurrentStep: flag.meta({ description: 'Go on to the next step, paused or not.' }),
    skipAllSteps: flag.meta({ description: 'Go to the end of the steps.' }),
    ...common,
  })
  .refine(
    ({ full, skipCurrentStep, skipAllSteps }) =>
      [full, skipCurrentStep, skipAllSteps].filter((each) => each === true).length <= 1,
    'full, skipCurrentStep and skipAllSteps exclude each other',
  )
  .register(components, { id: 'Promote' });

const restart = z
  .strictObject({
    at: z.iso
      .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-01-31T22:00:00Z' })
      // Kubernetes refuses others, and only when they are written.
      .refine(hasFourDigits, 'must be a time between the years 1 and 9999 (UTC)')
      .exactOptional()
      .meta({ description: 'When; at once if absent.' }),
    ...common,
  })
  .register(components, { id: 'Restart' });

const undo = z
  .strictObject({
    toRevision: z.int().min(1).exactOptional().meta({
      description: 'The revision to go back to; the one before the current if absent.',
    }),
    ...common,
  })
  .register(components, { id: 'Undo' });

const image = z
  .strictObject({
    container: z
      .string()
      .max(63)
      .regex(/^(?:\*|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)$/, "must be a container's name, or * for all")
      .meta({ description: 'The container or init container, or * for all.' }),
    image: z
      .string()
      .max(1024)
      .regex(/^[\w[][\w.\-/:@[\]]*$/, 'must be an image reference such as registry/name:tag')
      .meta({ description: 'Its new image.' }),
    ...common,
  })
  .register(components, { id: 'Image' });

const plain = z.strictObject(common).register(components, { id: 'PlainCommand' });

/** The bodies of the commands: each holds the fields of its command, and what all of them share. */
export const bodies = {
  promote,
  abort: plain,
  retry: plain,
  pause: plain,
  resume: plain,
  restart,
  undo,
  image,
} satisfies { [V in Verb]: z.ZodType<Omit<Extract<Command, { verb: V }>, 'verb'>> };

/** The fields of a body, and of the object at `path` in it: what an unknown field may have meant. */
export function knownFields(verb: Verb, path: PropertyKey[]): string[] {
  return Object.keys(path[0] === 'expect' ? expect.shape : bodies[verb].shape);
}

/** The longest page. A larger limit is no mistake: the answer then has a cursor. */
const pageMax = 200;

const paging = {
  limit: z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(1)
    .transform((limit) => Math.min(limit, pageMax))
    .default(100)
    .meta({ description: `How many at most; ${pageMax} is the most in one page.` }),
  cursor: z.string().min(1).max(2048).exactOptional().meta({
    description: 'Where the page begins: the cursor of the page before.',
  }),
};

const fresh = z.enum(['true', 'false']).default('false').meta({
  description: 'true looks into the cluster, pods included, instead of answering from the record.',
});

export const queries = {
  page: z.strictObject(paging),
  look: z.strictObject({ fresh }),
  none: z.strictObject({}),
};
