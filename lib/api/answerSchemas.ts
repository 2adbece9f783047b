import * as z from 'zod';
import { verbNames } from '../commands/verbs.ts';
import type { ClusterRow, Fleet } from '../model/fleet.ts';
import type { Actor, Command, Outcome } from '../model/intent.ts';
import { type LedgerEntry, ledgerKinds } from '../model/record.ts';
import type { Timeline } from '../model/timeline.ts';
import { count, millis, runsOfNobody, time, tried } from './analysisSchemas.ts';
import type { CommandAnswer, Me, Standing } from './answers.ts';
import type { Explanation } from './explain.ts';
import type { Problem } from './problem.ts';
import { components } from './requestSchemas.ts';
import { reason, rollout, step, wake } from './viewSchemas.ts';

// What the API answers, for the OpenAPI document. The types come first: a schema that no longer fits
// its type does not compile, and the tests parse real answers with them.

const explanation = rollout
  .pick({ cluster: true, namespace: true, name: true, observedAt: true, phase: true })
  .extend({
    message: z.string(),
    revision: count,
    step: step.exactOptional(),
    setWeight: z.number().exactOptional(),
    waitsFor: z.string().nullable().meta({ description: 'null: nothing but the next change.' }),
    since: millis.exactOptional(),
    until: millis.exactOptional(),
    unblock: z.string().exactOptional().meta({ description: 'What would move it on.' }),
    reasons: z.array(reason).meta({ description: 'All of them, the decisive one first.' }),
    wake,
  })
  .meta({ description: 'What it waits for, since, until, and what unblocks it.' })
  .register(components, { id: 'Explanation' }) satisfies z.ZodType<Explanation>;

const actor = z
  .object({
    name: z.string(),
    proof: z.enum(['verified', 'reported', 'unknown']),
    isClient: z
      .literal(true)
      .exactOptional()
      .meta({ description: 'The name of the program that wrote it, not of a person.' }),
  })
  .meta({ description: 'Who, and how we know.' })
  .register(components, { id: 'Actor' }) satisfies z.ZodType<Actor>;

const cursor = z.string().exactOptional().meta({
  description: 'Asks for the next page; absent on the last one.',
});
const unreadable = z
  .array(
    z.object({
      cluster: z.string(),
      namespace: z.string(),
      name: z.string(),
      reason: z.string().meta({ description: 'And what to do about it.' }),
    }),
  )
  .exactOptional()
  .meta({ description: 'Rollouts whose records cannot be read; absent when there are none.' });
const fleet = z
  .object({
    items: z.array(
      z
        .object({
          cluster: z.string(),
          namespace: z.string(),
          name: z.string(),
          phase: z.string().meta({ examples: ['Healthy', 'Progressing', 'Paused', 'Degraded'] }),
          message: z.string(),
          strategy: z.enum(['Canary', 'BlueGreen', 'Unknown']),
          revision: count,
          step: z
            .object({ index: count, count })
            .exactOptional()
            .meta({ description: '`index` steps of `count` are done.' }),
          setWeight: z.number().exactOptional(),
          actualWeight: z.number().exactOptional(),
          pods: z.object({ desired: count, ready: count }),
          images: z.array(z.string()).meta({ description: 'Of the version that the spec has.' }),
          stableImages: z
            .array(z.string())
            .exactOptional()
            .meta({ description: 'Where another version is the stable one.' }),
          waitsFor: z.string().nullable().meta({ description: 'null: nothing but a change.' }),
          since: millis.exactOptional(),
          until: millis.exactOptional(),
          unblock: z.string().exactOptional().meta({ description: 'What would move it on.' }),
          needsPerson: z.boolean().meta({
            description: 'Somebody can move it on, and nothing does by itself.',
          }),
        })
        .register(components, { id: 'RolloutRow' }),
    ),
    unreadable,
    unreachable: z
      .array(z.object({ cluster: z.string(), since: millis, said: z.string() }))
      .exactOptional()
      .meta({ description: 'Clusters that do not answer: their rows are as of then.' }),
    cursor,
  })
  .register(components, { id: 'Fleet' }) satisfies z.ZodType<Fleet>;

const clusters = z
  .object({
    items: z.array(
      z.object({
        name: z.string(),
        webhookEnabled: z.boolean().meta({ description: 'Its changes are announced.' }),
        rollouts: count.meta({ description: 'How many the caller may read.' }),
        unreachable: z
          .object({ since: millis, retryAt: millis, said: z.string() })
          .exactOptional()
          .meta({ description: 'Absent where it answers.' }),
      }),
    ),
  })
  .register(components, { id: 'Clusters' }) satisfies z.ZodType<{ items: ClusterRow[] }>;

const me = z
  .object({
    name: z.string().meta({ description: 'As the ledger names them.' }),
    proof: z.enum(['verified', 'reported', 'unknown']),
    kind: z.enum(['identity', 'token', 'iam', 'local']).meta({
      description:
        "By a token of an issuer, by one of Serin's, by AWS's signature, or the only one there is.",
    }),
    groups: z.array(z.string()).meta({ description: 'For the policies.' }),
  })
  .register(components, { id: 'Me' }) satisfies z.ZodType<Me>;

const weights = z.object({ setWeight: z.number(), actualWeight: z.number() });

const timeline = z
  .object({
    revision: count,
    points: z
      .array(weights.extend({ at: millis, kind: z.enum(ledgerKinds), text: z.string() }))
      .meta({ description: 'Oldest first: each holds until the next.' }),
  })
  .register(components, { id: 'Timeline' }) satisfies z.ZodType<Timeline>;

const ledgerEntry = z
  .object({
    uid: z.string(),
    kind: z.enum(ledgerKinds),
    resourceVersion: z.string(),
    createdAt: millis.exactOptional().meta({ description: 'When the rollout was created.' }),
    intentId: z.string().exactOptional().meta({ description: 'Of a command: its id.' }),
    acceptedAt: millis.exactOptional().meta({
      description: 'Of a command that wrote nothing: when it was accepted.',
    }),
    at: millis,
    actor,
    revision: count,
    text: z.string(),
    reason: z.string().exactOptional(),
    merged: z.boolean().exactOptional(),
    waitsFor: z.enum(['person', 'recovery']).exactOptional().meta({
      description: 'Of a pause that ends by no time.',
    }),
    weights: weights.exactOptional().meta({
      description: 'Of a canary, where it moves from one weight to the next.',
    }),
    pause: z.object({ askedMs: z.number(), keptMs: z.number() }).exactOptional(),
    failedBy: z
      .array(
        z.object({
          analysisRun: z.string(),
          metric: z.string(),
          measurement: count.meta({ description: 'Which of the metric, from 1 on.' }),
          phase: z.string(),
          value: z.string(),
          message: z.string(),
          at: time.exactOptional(),
        }),
      )
      .exactOptional()
      .meta({ description: 'Of an abort by an analysis: the measurements that it came of.' }),
  })
  .register(components, { id: 'LedgerEntry' }) satisfies z.ZodType<LedgerEntry>;

const rollouts = z
  .object({ items: z.array(rollout), unreadable, cursor })
  .register(components, { id: 'RolloutPage' });
const history = z
  .object({ items: z.array(ledgerEntry), cursor })
  .meta({ description: 'Newest first.' })
  .register(components, { id: 'LedgerPage' });

const command = z
  .looseObject({
    verb: z.enum(verbNames),
  })
  .meta({ description: 'The verb, and the fields of the body it came with.' });
const outcome = z
  .object({
    result: z.enum(['done', 'superseded', 'expired', 'refused']),
    detail: z.string().meta({ description: 'What it did to the release, or why nothing.' }),
    at: millis,
  })
  .register(components, { id: 'Outcome' }) satisfies z.ZodType<Outcome>;
const standing = z
  .object({
    phase: z.string(),
    message: z.string(),
    revision: count,
    stepIndex: count.nullable(),
    paused: z.boolean(),
    aborted: z.boolean(),
  })
  .meta({ description: 'Where the release stood.' })
  .register(components, { id: 'Standing' }) satisfies z.ZodType<Standing>;

const commandAnswer = z
  .object({
    id: z.string(),
    command,
    actor,
    reason: z.string().exactOptional(),
    acceptedAt: millis,
    outcome: outcome.exactOptional().meta({ description: 'Absent while the command is open.' }),
    before: standing.exactOptional(),
    after: standing.exactOptional(),
    rollout: rollout.exactOptional(),
  })
  .register(components, { id: 'Command' }) satisfies z.ZodType<
  Omit<CommandAnswer, 'command'> & { command: Pick<Command, 'verb'> }
>;

const problem = z
  .looseObject({
    type: z.string().meta({ examples: ['/problems/mismatch'] }),
    title: z.string(),
    status: count,
    detail: z.string().meta({ description: 'What happened, and what to do about it.' }),
    instance: z.string().exactOptional(),
    retryAfterSeconds: z.number().exactOptional(),
  })
  .meta({ description: 'RFC 9457.' })
  .register(components, { id: 'Problem' }) satisfies z.ZodType<Problem>;

export const answers = {
  rollout,
  fleet,
  clusters,
  rollouts,
  explanation,
  history,
  timeline,
  me,
  command: commandAnswer,
  problem,
  analysisRuns: runsOfNobody,
  tried,
};
