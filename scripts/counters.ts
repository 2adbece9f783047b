import * as z from 'zod';

// What the end-to-end case of `npm run test:aws` counts, and `npm run cost` makes a bill of.

const count = z.number().nonnegative();

const used = z.strictObject({
  /** By their names in serverless.yml. */
  functions: z.record(
    z.string(),
    z.strictObject({ invocations: count, billedMs: count, memoryMb: z.number().positive() }),
  ),
  /** Requests; a receive that finds nothing counts too. */
  sqs: z.strictObject({ send: count, receive: count, delete: count }),
  dynamo: z.strictObject({ writeUnits: count, readUnits: count }),
  /** Requests to the HTTP API, without the doorbell's and those of hooks. */
  api: z.strictObject({ requests: count }),
  doorbell: z.strictObject({ notices: count }),
  /** Written to CloudWatch. */
  logs: z.strictObject({ bytes: count }),
});

/** What was used for so many releases, beside what is used while nothing happens. */
export const counters = z.strictObject({
  countedOn: z.iso.date(),
  ...used.shape,
  releases: z.number().int().positive(),
  /** While nothing was released, on so many clusters. */
  idle: z.strictObject({
    ...used.shape,
    minutes: z.number().positive(),
    clusters: z.number().int().positive().default(1),
  }),
});

export type Used = z.infer<typeof used>;
export type Counters = z.infer<typeof counters>;

/** Of the last run here. */
export const countersFile = '.serin/aws-counters.json';
/** Of a run that is committed, for whoever has not run it. */
export const committedFile = new URL('counters.json', import.meta.url);
