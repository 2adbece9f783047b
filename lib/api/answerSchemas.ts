import * as z from 'zod';
import { verbNames } from '../commands/verbs.ts';
import type { Actor, Command, Outcome } from '../model/intent.ts';
import type { Reason, Wake } from '../model/plan.ts';
import type { LedgerEntry } from '../model/record.ts';
import type {
  AnalysisRunView,
  ExperimentView,
  MetricView,
  RolloutView,
  RouteView,
} from '../model/view.ts';
import type { CommandAnswer, Standing } from './answers.ts';
import type { Explanation } from './explain.ts';
import type { Problem } from './problem.ts';
import { components } from './requestSchemas.ts';

// What the API answers, for the OpenAPI document. The types come first: a schema that no longer fits
// its type does not compile, and the tests parse real answers with them.

const millis = z.number().meta({ description: 'Milliseconds since the epoch.' });
/** As Kubernetes writes it. */
const time = z
  .string()
  .meta({ format: 'date-time', description: 'A time in the form of RFC 3339.' });
const count = z.int();

const reason = z
  .object({
    text: z.string(),
    since: millis.exactOptional(),
    until: millis.exactOptional(),
    next: z
      .object({ at: millis, what: z.string() })
      .exactOptional()
      .meta({ description: 'What is done next by itself, such as a measurement.' }),
    unblock: z.string().exactOptional(),
    mark: z
      .enum(['leftAlone', 'refused'])
      .exactOptional()
      .meta({
        description:
          'Serin leaves the rollout alone, or the API server refuses something to Serin: what the ' +
          'status of the rollout does not say.',
      }),
  })
  .meta({ description: 'Why the release is where it is and not further.' })
  .register(components, { id: 'Reason' }) satisfies z.ZodType<Reason>;

const wake = z
  .union([z.object({ at: millis, why: z.string() }), z.object({ waitsFor: z.string() })])
  .meta({ description: 'When Serin looks again: at a time, or when something changes.' })
  .register(components, { id: 'Wake' }) satisfies z.ZodType<Wake>;

const pod = z.object({
  name: z.string(),
  status: z.string(),
  createdAt: millis,
  ready: z.string().meta({ examples: ['1/1'] }),
  restarts: count,
});

const replicaSet = z
  .object({
    name: z.string(),
    podHash: z.string(),
    status: z.enum(['Progressing', 'Healthy', 'ReplicaFailure', 'ScaledDown']),
    createdAt: millis,
    images: z.array(z.string()),
    desired: count,
    current: count,
    available: count,
    roles: z.array(z.enum(['stable', 'canary', 'active', 'preview', 'ping', 'pong'])),
    scaleDownDeadline: time.exactOptional(),
    pods: z.array(pod).exactOptional().meta({ description: 'Absent when they were not read.' }),
  })
  .register(components, { id: 'ReplicaSet' });

const route = z
  .object({
    router: z.string().meta({ examples: ['nginx', 'plugins["argoproj-labs/gatewayAPI"]'] }),
    kind: z.string(),
    namespace: z.string(),
    name: z.string(),
    weights: z
      .array(z.object({ canary: z.number(), stable: z.number() }))
      .meta({ description: 'Parts of `total`: several where the routes of the object differ.' }),
    total: z.number(),
    managed: z
      .array(z.object({ name: z.string(), sends: z.enum(['header', 'mirror']) }))
      .meta({ description: 'The routes of steps that it has.' }),
    verified: z.boolean().exactOptional().meta({
      description:
        'Whether its load balancer does what the object says. Absent where none is looked at.',
    }),
  })
  .meta({ description: 'An object of a router, as it was observed.' })
  .register(components, { id: 'Route' }) satisfies z.ZodType<RouteView>;

const metric = z
  .object({
    name: z.string(),
    phase: z.string(),
    message: z.string(),
    successCondition: z.string().exactOptional(),
    failureCondition: z.string().exactOptional(),
    dryRun: z.literal(true).exactOptional(),
    measurements: z.array(
      z.object({
        phase: z.string(),
        value: z.string(),
        message: z.string(),
        startedAt: time.exactOptional(),
        finishedAt: time.exactOptional(),
      }),
    ),
    failed: count,
    failureLimit: z.int().meta({ description: '-1: nothing limits them.' }),
    inconclusive: count,
    inconclusiveLimit: count,
    consecutiveError: count,
    consecutiveErrorLimit: count,
    consecutiveSuccess: count,
    consecutiveSuccessLimit: count.meta({ description: '0: they are not asked for.' }),
    measured: count.meta({ description: 'Errors aside.' }),
    count: count.exactOptional().meta({ description: 'Of how many; absent: it has no end.' }),
    nextAt: millis.exactOptional().meta({ description: 'When it is measured next.' }),
  })
  .meta({
    description: 'A metric of a run: what it has measured, and how much of its limits is used.',
  })
  .register(components, { id: 'Metric' }) satisfies z.ZodType<MetricView>;

const analysisRun = z
  .object({
    name: z.string(),
    type: z.string().meta({ examples: ['Step', 'Background', 'PrePromotion', 'PostPromotion'] }),
    status: z.string().meta({ examples: ['Running', 'Successful', 'Failed', 'Inconclusive'] }),
    message: z.string(),
    createdAt: millis,
    successful: count,
    failed: count,
    inconclusive: count,
    error: count,
    jobs: z
      .array(z.object({ name: z.string(), status: z.string(), createdAt: millis }))
      .exactOptional()
      .meta({ description: 'Those that make its measurements.' }),
    metrics: z
      .array(metric)
      .exactOptional()
      .meta({ description: 'Only in a fresh look at one rollout.' }),
  })
  .meta({ description: 'An analysis run; its measurements are counted over all metrics.' })
  .register(components, { id: 'AnalysisRun' }) satisfies z.ZodType<AnalysisRunView>;

const experiment = z
  .object({
    name: z.string(),
    status: z.string().meta({ examples: ['Running', 'Successful', 'Failed', 'Inconclusive'] }),
    message: z.string(),
    createdAt: millis,
    replicaSets: z.array(
      z.object({
        name: z.string(),
        template: z.string(),
        status: z.enum(['Progressing', 'Healthy', 'ScaledDown']),
        images: z.array(z.string()),
        current: count,
        available: count,
      }),
    ),
    analysisRuns: z.array(z.object({ name: z.string(), status: z.string() })),
  })
  .meta({ description: 'An Experiment of a step; its pods and runs are as its own status tells.' })
  .register(components, { id: 'Experiment' }) satisfies z.ZodType<ExperimentView>;

const step = z.object({ index: count, count, current: z.string().exactOptional() }).meta({
  description: '`index` steps of `count` are done.',
});

const rollout = z
  .object({
    cluster: z.string(),
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    generation: count,
    observedAt: millis.meta({ description: 'When this was true.' }),
    createdAt: millis,
    phase: z.string().meta({ examples: ['Healthy', 'Progressing', 'Paused', 'Degraded'] }),
    message: z.string(),
    strategy: z.enum(['Canary', 'BlueGreen', 'Unknown']),
    step: step.exactOptional(),
    setWeight: z.number().exactOptional(),
    actualWeight: z.number().exactOptional(),
    routes: z.array(route).exactOptional(),
    images: z.array(z.object({ image: z.string(), tags: z.array(z.string()) })),
    replicas: z.object({
      desired: count,
      current: count,
      updated: count,
      ready: count,
      available: count,
    }),
    revisions: z
      .array(
        z.object({
          revision: count,
          replicaSets: z.array(replicaSet),
          analysisRuns: z.array(analysisRun).exactOptional().meta({ description: 'Oldest first.' }),
          experiments: z.array(experiment).exactOptional().meta({ description: 'Oldest first.' }),
        }),
      )
      .meta({ description: 'Newest first.' }),
    revision: count,
    podHash: z.string(),
    stableHash: z.string(),
    pauseStart: time.nullable(),
    paused: z.boolean(),
    aborted: z.boolean(),
    reasons: z.array(reason),
    wake,
  })
  .meta({ description: 'A rollout as `kubectl argo rollouts get rollout` shows it.' })
  .register(components, { id: 'Rollout' }) satisfies z.ZodType<RolloutView>;

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

const ledgerEntry = z
  .object({
    uid: z.string(),
    kind: z.enum([
      'revision',
      'steps',
      'step',
      'paused',
      'resumed',
      'promoted',
      'aborted',
      'retried',
      'completed',
      'degraded',
      'scaled',
      'restarted',
      'command',
      'restored',
      'found',
    ]),
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

export const answers = { rollout, rollouts, explanation, history, command: commandAnswer, problem };
