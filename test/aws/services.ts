import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateTableCommand,
  DynamoDBClient,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { EKSClient, ListClustersCommand } from '@aws-sdk/client-eks';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { DescribeParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { dynamoStore } from '../../lib/store/dynamo.ts';
import { tableDefinition } from '../../lib/store/tableDefinition.ts';
import { freePort, startProgram, until } from '../cluster/processes.ts';
import { dynamoJars, motoServer } from './programs.ts';

// What stands in for AWS: moto for SQS, SSM and EKS, DynamoDB Local for the table.

export const region = 'eu-central-1';
export const account = '123456789012';

export type Service = { endpoint: string; stop: () => Promise<void> };

export async function startMoto(): Promise<Service> {
  const { python, script } = await motoServer();
  const port = await freePort();
  const env = { MOTO_ACCOUNT_ID: account, MOTO_ALLOW_NONEXISTENT_REGION: 'false' };
  const service = await start('moto', {
    port,
    program: python,
    args: [script, '-H', '127.0.0.1', '-p', String(port)],
    env,
    isUp: async () => (await fetch(`http://127.0.0.1:${port}/moto-api/`)).ok,
  });
  // It loads a service when that is called first, for longer than the clients of lib/ wait.
  const { endpoint } = service;
  await new SQSClient({ region, endpoint }).send(new ListQueuesCommand({}));
  await new EKSClient({ region, endpoint }).send(new ListClustersCommand({}));
  await new SSMClient({ region, endpoint }).send(new DescribeParametersCommand({}));
  return service;
}

/** It listens on all addresses: `npm run test:aws` runs where there is only loopback. */
export async function startDynamo(): Promise<Service> {
  const jars = await dynamoJars();
  const port = await freePort();
  const main = 'software.amazon.dynamodb.services.local.main.ServerRunner';
  const service = await start('DynamoDB Local', {
    port,
    program: 'java',
    args: [
      ...['-Xmx256m', `-Djava.library.path=${jars}`, '-cp', `${jars}/*`, main],
      ...['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)],
    ],
    env: { AWS_EC2_METADATA_DISABLED: 'true' },
    isUp: async () => (await fetch(`http://127.0.0.1:${port}/`)).status === 400,
  });
  await warmUp(service);
  return service;
}

/** The first calls take a cold JVM seconds: longer than the clients of lib/ wait. */
async function warmUp(service: Service): Promise<void> {
  const table = await makeTable(service, 'warm-up');
  const { endpoint } = service;
  const client = new DynamoDBClient({ region, endpoint, maxAttempts: 1 });
  const store = dynamoStore({ client, table });
  const key = { cluster: 'none', namespace: 'none', name: 'none' };
  const saved = await store.save({ key, version: 0, intents: [], polls: 0, dueAt: 1 });
  await store.load(key);
  await store.due(2, 1);
  await store.forget(key, saved.version);
  client.destroy();
}

type Starting = {
  port: number;
  program: string;
  args: string[];
  env: Record<string, string>;
  isUp: () => Promise<boolean>;
};

async function start(what: string, { port, program, args, env, isUp }: Starting): Promise<Service> {
  const dir = mkdtempSync(join(tmpdir(), 'serin-aws-'));
  const log = join(dir, 'log');
  const running = startProgram(program, args, { log, env });
  const stop = async () => {
    await running.kill();
    rmSync(dir, { recursive: true, force: true });
  };
  await until(what, () => isUp().catch(() => false), { log }).catch(async (error) => {
    await stop();
    throw error;
  });
  return { endpoint: `http://127.0.0.1:${port}`, stop };
}

/** The table as infra/ makes it. The first takes longer than a client of lib/ would wait. */
export async function makeTable({ endpoint }: Service, name: string): Promise<string> {
  const client = new DynamoDBClient({ region, endpoint, maxAttempts: 1 });
  await client.send(new CreateTableCommand(tableDefinition(name)));
  const TimeToLiveSpecification = { AttributeName: 'expiresAtSeconds', Enabled: true };
  await client.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification }));
  client.destroy();
  return name;
}

export type Queues = { wakes: string; deadLetters: string };

/** The queue of wakes and the one of dead letters, by their addresses. */
export async function makeQueues(
  client: SQSClient,
  name: string,
  { visibilitySeconds = 180, receivesMax = 5 } = {},
): Promise<Queues> {
  const dead = await client.send(new CreateQueueCommand({ QueueName: `${name}-dead` }));
  const deadLetters = dead.QueueUrl ?? '';
  const asked = { QueueUrl: deadLetters, AttributeNames: ['QueueArn' as const] };
  const { Attributes } = await client.send(new GetQueueAttributesCommand(asked));
  const policy = { deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: receivesMax };
  const { QueueUrl } = await client.send(
    new CreateQueueCommand({
      QueueName: name,
      Attributes: {
        VisibilityTimeout: String(visibilitySeconds),
        RedrivePolicy: JSON.stringify(policy),
      },
    }),
  );
  return { wakes: QueueUrl ?? '', deadLetters };
}
