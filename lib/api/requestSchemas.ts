import * as z from 'zod';
import { verbNames, verbs } from '../commands/verbs.ts';
import type { Verb } from '../model/intent.ts';

// The one source of what requests may hold: bodies and queries are checked with it, and the OpenAPI
// document is made from it.

/** The schemas that have a name in the OpenAPI document. */
export const components = z.registry<{ id: string }>();

const hasNoControl = /^[^\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]*$/u;
const count = z.int().min(0);

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

const plain = z.strictObject(common);

/** The bodies of the commands: each holds the fields of its command, and what all of them share. */
export const bodies = Object.fromEntries(verbNames.map((verb) => [verb, bodyOf(verb)])) as Record<
  Verb,
  typeof plain
>;
plain.register(components, { id: 'PlainCommand' });

function bodyOf(verb: Verb) {
  const { takes } = verbs[verb];
  if (Object.keys(takes.shape).length === 0) return plain;
  const id = `${verb[0]?.toUpperCase()}${verb.slice(1)}`;
  return takes.safeExtend(common).register(components, { id });
}

/** The body of a trial. */
export const trialBody = z
  .strictObject({
    clusterScoped: z.boolean().exactOptional().meta({
      description: 'The name is that of a ClusterAnalysisTemplate.',
    }),
    args: z
      .record(z.string().min(1).max(253), z.string().max(4096))
      .exactOptional()
      .meta({ description: 'Arguments of the template, by name.' }),
    metric: z.string().min(1).max(1024).exactOptional().meta({ description: 'This metric alone.' }),
  })
  .register(components, { id: 'Trial' });

/** The fields of a body, and of the object at `path` in it: what an unknown field may have meant. */
export function knownFields(verb: Verb, path: PropertyKey[]): string[] {
  return Object.keys(path[0] === 'expect' ? expect.shape : bodies[verb].shape);
}

/** The longest page. A larger limit is no mistake: the answer then has a cursor. */
const pageMax = 200;

function limit(most: number, usual: number) {
  return z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(1)
    .transform((wanted) => Math.min(wanted, most))
    .default(usual)
    .meta({ description: `How many at most; ${most} is the most in one page.` });
}

const cursor = z.string().min(1).max(2048).exactOptional().meta({
  description: 'Where the page begins: the cursor of the page before.',
});
const paging = { limit: limit(pageMax, 100), cursor };

const fresh = z.enum(['true', 'false']).default('false').meta({
  description: 'true looks into the cluster, pods included, instead of answering from the record.',
});

/** A row is some 400 bytes, so that even thousands are less than API Gateway takes. */
const fleetMax = 5000;
const name = z.string().min(1).max(253).exactOptional();

const fleet = {
  cluster: name.meta({ description: 'Of this cluster only.' }),
  namespace: name.meta({ description: 'Of this namespace only, in whatever cluster.' }),
  phase: z
    .enum(['Healthy', 'Progressing', 'Paused', 'Degraded'])
    .exactOptional()
    .meta({ description: 'In this phase only.' }),
  text: z.string().min(1).max(253).exactOptional().meta({
    description: 'That have this in a name or an image, in whatever case.',
  }),
  limit: limit(fleetMax, 1000),
  cursor,
};

export const queries = {
  fleet: z.strictObject(fleet),
  page: z.strictObject(paging),
  look: z.strictObject({ fresh }),
  timeline: z.strictObject({
    revision: z.coerce
      .number('must be a whole number')
      .int('must be a whole number')
      .min(1)
      .exactOptional()
      .meta({ description: 'Of the release of this revision; of the newest, if absent.' }),
  }),
  none: z.strictObject({}),
};
