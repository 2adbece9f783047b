import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import { Terminal } from '../errors.ts';

// What the functions are told by their environment. Region, credentials and endpoints are the SDK's own
// variables, and are left to it.

// The small form of the library: every function loads it. Its words are not part of it.
z.config(en());

const text = z.string().check(z.minLength(1));

const schema = z.object({
  /** The table's name. */
  SERIN_TABLE: text,
  /** The queue of wakes. */
  SERIN_QUEUE_URL: z.url(),
  /** Serves rollouts whose controller-instance-id label equals this. */
  SERIN_INSTANCE_ID: z._default(z.string(), ''),
  /** The reconcile function, which carries commands out, and the one that only looks. */
  SERIN_RECONCILE_FUNCTION: z.optional(text),
  SERIN_LOOK_FUNCTION: z.optional(text),
});

export type Environment = {
  table: string;
  queueUrl: string;
  instanceId: string;
  reconcileFunction?: string;
  lookFunction?: string;
};

/** Reads the environment; throws Terminal naming each variable that is missing or wrong. */
export function readEnvironment(env: Record<string, string | undefined>): Environment {
  const { success, data, error } = schema.safeParse(env);
  if (!success) {
    const faults = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new Terminal(`the function's environment is not as serverless.yml sets it: ${faults}`);
  }
  return {
    table: data.SERIN_TABLE,
    queueUrl: data.SERIN_QUEUE_URL,
    instanceId: data.SERIN_INSTANCE_ID,
    ...(data.SERIN_RECONCILE_FUNCTION && { reconcileFunction: data.SERIN_RECONCILE_FUNCTION }),
    ...(data.SERIN_LOOK_FUNCTION && { lookFunction: data.SERIN_LOOK_FUNCTION }),
  };
}
