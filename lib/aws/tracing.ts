import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { MiddlewareObj } from '@middy/core';

/** Has a client's calls told to X-Ray. */
export type Traced = <C extends DynamoDBClient | SQSClient | LambdaClient>(client: C) => C;

export type Tracing = {
  traced: Traced;
  /** Around each invocation. */
  middleware: MiddlewareObj[];
};

export const untraced: Traced = (client) => client;

/**
 * What tells X-Ray of each invocation and of the requests it makes, when SERIN_TRACING is Active (the
 * stack's parameter `tracing`). Else nothing, and nothing of it is loaded: it is 45 ms of a start.
 */
export async function tracing(env: Record<string, string | undefined>): Promise<Tracing> {
  if (env.SERIN_TRACING !== 'Active') return { traced: untraced, middleware: [] };
  // In a bundle this is a file beside it: scripts/buildFunctions.ts
  const { startTracer } = await import('./tracer.ts');
  return startTracer();
}
