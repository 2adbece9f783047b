import * as z from 'zod';
import { Terminal } from '../errors.ts';

// What the functions are told by their environment. Region, credentials and endpoints are the SDK's own
// variables, and are left to it.

const text = z.string().min(1);

const schema = z.object({
  /** The table's name. */
  SERIN_TABLE: text,
  /** The queue of wakes. */
  SERIN_QUEUE_URL: z.url(),
  /** Serves rollouts whose controller-instance-id label equals this. */
  SERIN_INSTANCE_ID: z.string().default(''),
  /** The reconcile function, which carries commands out, and the one that only looks. */
  SERIN_RECONCILE_FUNCTION: text.optional(),
  SERIN_LOOK_FUNCTION: text.optional(),
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
