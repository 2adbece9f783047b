import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Log, Store } from '../world.ts';
import { openEngine } from './engine.ts';
import { dynamoStore } from './table.ts';
import { tableDefinition } from './tableDefinition.ts';

export type EmbeddedStore = { store: Store; client: DynamoDBClient; close: () => Promise<void> };

/** The name of the table in the embedded engine. */
export const embeddedTable = 'serin';

/**
 * The store without AWS: the same code over the same protocol, in this process and without a port.
 * Kept in `dir`, or in memory. Rejects with Terminal when the folder cannot be used.
 */
export async function embeddedStore(
  options: { dir?: string; log?: Log } = {},
): Promise<EmbeddedStore> {
  const engine = await openEngine(options.dir);
  try {
    await engine.createTable(tableDefinition(embeddedTable));
  } catch (error) {
    await engine.close();
    throw error;
  }
  const client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: 'http://embedded.invalid',
    credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' },
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: { headers: Record<string, string>; body?: Uint8Array | string }) => {
        const operation = request.headers['x-amz-target']?.split('.')[1] ?? '';
        const { statusCode, body } = await engine.run(
          operation,
          JSON.parse(bodyText(request.body)),
        );
        const headers = { 'content-type': 'application/x-amz-json-1.0' };
        return { response: { statusCode, headers, body: Buffer.from(JSON.stringify(body)) } };
      },
    },
  });
  const store = dynamoStore({ client, table: embeddedTable, log: options.log });
  return {
    store,
    client,
    close: async () => {
      client.destroy();
      await engine.close();
    },
  };
}

function bodyText(body: Uint8Array | string | undefined): string {
  return typeof body === 'string' ? body : new TextDecoder().decode(body);
}
