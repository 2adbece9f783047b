import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

/** The index of what is due. Only items that have a `dueAt` are in it. */
export const dueIndex = 'due';

/**
 * Partitions of the due index. One partition takes 1000 writes a second; every turn of every release
 * writes once, so four are plenty, and a sweep pays only four small queries for them.
 */
export const dueShards = ['0', '1', '2', '3'] as const;

/** The index of what the list of the whole fleet shows. Only rollouts that have been looked at are in it. */
export const fleetIndex = 'fleet';

/** What an item of it has besides its keys: DynamoDB writes it anew only when one of these changes. */
export const fleetProjection = ['schema', 'row'] as const;

/** What an item of the due index has besides its keys. */
export const dueProjection = ['queuedFor', 'version'] as const;

/** The DynamoDB table, for whoever creates it: the infrastructure, a test. */
export function tableDefinition(name: string): CreateTableCommandInput {
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
      { AttributeName: 'dueShard', AttributeType: 'S' },
      { AttributeName: 'dueAt', AttributeType: 'N' },
      { AttributeName: 'fleet', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: dueIndex,
        KeySchema: [
          { AttributeName: 'dueShard', KeyType: 'HASH' },
          { AttributeName: 'dueAt', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...dueProjection] },
      },
      {
        IndexName: fleetIndex,
        KeySchema: [
          { AttributeName: 'fleet', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...fleetProjection] },
      },
    ],
  };
}
