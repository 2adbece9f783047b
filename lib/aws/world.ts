import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { systemClock } from '../clock.ts';
import { sendingClient, sqsWakes } from '../queue/sqs.ts';
import { dynamoClient, dynamoStore } from '../store/dynamo.ts';
import type { Documents, Log, Wakes, World } from '../world.ts';
import type { Environment } from './environment.ts';
import { lambdaCount } from './metrics.ts';
import { type Traced, untraced } from './tracing.ts';

/** What every function has of the World: no way into a cluster. */
export type Outside = Omit<World, 'cluster' | 'aws' | 'http' | 'secrets' | 'invoke' | 'inquire'>;

/** More clusters than one account has. */
const clustersMax = 1000;

/** The World of AWS as far as every function reaches it. Made once, when Lambda starts the function. */
export function outside(
  { table, queueUrl, instanceId }: Environment,
  traced: Traced = untraced,
): Outside {
  const log = lambdaLog();
  const store = dynamoStore({ client: traced(dynamoClient()), table, log });
  return {
    clock: systemClock,
    endsAt: Number.POSITIVE_INFINITY,
    clusters: () => registered(store.documents),
    store,
    wakes: counted(sqsWakes({ client: traced(sendingClient()), queueUrl })),
    log,
    count: lambdaCount,
    processId: randomUUID(),
    instanceId,
  };
}

function counted(wakes: Wakes): Wakes {
  return {
    send: async (message, delayMs) => {
      await wakes.send(message, delayMs);
      lambdaCount('workqueue_adds_total');
    },
  };
}

async function registered(documents: Documents) {
  const { items } = await documents.list({ kind: 'cluster' }, { limit: clustersMax });
  return items.map(({ body }) => ({ name: body.name, doorbell: body.doorbell.webhookEnabled }));
}

/** JSON lines, as CloudWatch searches them; the level comes from POWERTOOLS_LOG_LEVEL. */
export function lambdaLog(): Log {
  const logger = new Logger({ serviceName: 'serin' });
  return (level, message, fields) => logger[level](message, { ...fields });
}
