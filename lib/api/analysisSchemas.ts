import * as z from 'zod';
import type { RunOfNobody, Tried } from '../model/inquiry.ts';
import type { AnalysisRunView, MetricView } from '../model/view.ts';
import { components } from './requestSchemas.ts';

// What the API answers of analyses: answerSchemas.ts has the rest.

export const millis = z.number().meta({ description: 'Milliseconds since the epoch.' });
/** As Kubernetes writes it. */
export const time = z
  .string()
  .meta({ format: 'date-time', description: 'A time in the form of RFC 3339.' });
export const count = z.int();

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

export const analysisRun = z
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

export const runsOfNobody = z
  .object({
    items: z.array(
      analysisRun.extend({
        owner: z
          .string()
          .exactOptional()
          .meta({ examples: ['Experiment/trial'], description: 'Absent where it has none.' }),
      }),
    ),
  })
  .meta({ description: 'Oldest first.' })
  .register(components, { id: 'AnalysisRunList' }) satisfies z.ZodType<{ items: RunOfNobody[] }>;

const trialResult = z
  .object({
    metric: z.string(),
    provider: z.string(),
    asked: z
      .array(
        z.object({
          request: z.string(),
          status: count.exactOptional(),
          error: z.string().exactOptional(),
        }),
      )
      .meta({ description: 'Without headers and bodies of answers: secrets may be in them.' }),
    value: z.string().exactOptional(),
    conditions: z.array(
      z.object({
        kind: z.enum(['successCondition', 'failureCondition']),
        condition: z.string(),
        holds: z.boolean().exactOptional(),
        error: z.string().exactOptional(),
      }),
    ),
    phase: z.string().meta({ examples: ['Successful', 'Failed', 'Inconclusive', 'Error'] }),
    message: z.string(),
  })
  .register(components, { id: 'TriedMetric' }) satisfies z.ZodType<Tried>;

export const tried = z
  .object({ items: z.array(trialResult) })
  .meta({ description: 'One for each metric. Texts of Secrets that were read are *****.' })
  .register(components, { id: 'Tried' });
