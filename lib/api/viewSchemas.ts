import * as z from 'zod';
import { verbNames } from '../commands/verbs.ts';
import type { CallersAct, RolloutAnswer } from '../model/act.ts';
import type { Reason, Wake } from '../model/plan.ts';
import type { ComingView, ExperimentView, RouteView, StepView } from '../model/view.ts';
import { analysisRun, count, millis, time } from './analysisSchemas.ts';
import { components } from './requestSchemas.ts';

// What people see of a rollout, for the OpenAPI document: see answerSchemas.ts.

export const reason = z
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

export const wake = z
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

export const step = z.object({ index: count, count, current: z.string().exactOptional() }).meta({
  description: '`index` steps of `count` are done.',
});

const stepOfSpec = z
  .object({
    kind: z.string().meta({ examples: ['setWeight', 'pause', 'analysis'] }),
    text: z.string(),
    begunAt: millis.exactOptional(),
    doneAt: millis.exactOptional(),
  })
  .meta({
    description:
      'A step of the spec, in its place. Its times are those of the release under way, or of the last ' +
      'one, as far as they were seen; of an aborted one they say how far that had come.',
  })
  .register(components, { id: 'Step' }) satisfies z.ZodType<StepView>;

const awaited = z.enum(['person', 'analysis', 'experiment']).meta({
  description: 'What has to happen first, at a time that is not known.',
});

const coming = z
  .object({
    until: millis.exactOptional().meta({ description: 'When the step it is at is over.' }),
    awaits: awaited.exactOptional(),
    steps: z.array(
      z.object({
        index: count.meta({
          description: 'The place in `steps`; their number at the end, when it is promoted.',
        }),
        setWeight: z.number(),
        newPods: count,
        oldPods: count,
        lastsMs: millis.exactOptional().meta({ description: 'How long it lasts, by its spec.' }),
        awaits: awaited.exactOptional(),
      }),
    ),
  })
  .meta({
    description:
      'What comes after the step that a canary is at, if nothing fails and nobody steps in; of many ' +
      'steps the first 30. How long pods take to start is not in it.',
  })
  .register(components, { id: 'Coming' }) satisfies z.ZodType<ComingView>;

const act = z
  .object({
    verb: z.enum(verbNames),
    options: z
      .record(z.string(), z.union([z.literal(true), count]))
      .exactOptional()
      .meta({ description: 'Fields of its body, where it is one of several ways of a verb.' }),
    may: z.boolean().meta({ description: 'The policies let the caller do it.' }),
    fits: z.boolean().meta({ description: 'It makes sense where the rollout is.' }),
    whyNot: z.string().exactOptional().meta({ description: 'What stands against it.' }),
    remedy: z.string().exactOptional().meta({ description: 'What would do instead.' }),
    does: z
      .array(z.string())
      .meta({ description: 'What it will do, in sentences, where it fits.' }),
  })
  .meta({ description: 'A command that can be given to the rollout.' })
  .register(components, { id: 'Act' }) satisfies z.ZodType<CallersAct>;

export const rollout = z
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
    steps: z.array(stepOfSpec).exactOptional().meta({ description: 'Of a canary that has any.' }),
    coming: coming.exactOptional(),
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
    acts: z.array(act).exactOptional().meta({
      description: 'What the caller can do. Only in the answer about one rollout.',
    }),
  })
  .meta({ description: 'A rollout as `kubectl argo rollouts get rollout` shows it.' })
  .register(components, { id: 'Rollout' }) satisfies z.ZodType<RolloutAnswer>;
