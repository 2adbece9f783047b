import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Millis } from '../model/units.ts';

/** Two attempts of this length: a table that is dead is known to be so within two seconds. */
const requestTimeoutMs: Millis = 900;
const connectTimeoutMs: Millis = 400;
const attemptsMax = 2;

/** Region and credentials come from the environment unless they are named. */
export function dynamoClient(options: { region?: string; endpoint?: string } = {}): DynamoDBClient {
  return new DynamoDBClient({
    ...options,
    maxAttempts: attemptsMax,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });
}
