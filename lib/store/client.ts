import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientSettings } from '../aws/aws.ts';

/** Region and credentials come from the environment unless they are named. */
export function dynamoClient(options: { region?: string; endpoint?: string } = {}): DynamoDBClient {
  return new DynamoDBClient({ ...clientSettings, ...options });
}
