import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, inject } from 'vitest';
import { startInvokeApi } from './front.ts';
import type { Serving } from './http.ts';
import { type LambdaFunction, startFunction } from './lambda.ts';
import { keyIdOf, type Roles, rolesOf } from './roles.ts';
import {
  account,
  makeQueues,
  makeTable,
  type Queues,
  region,
  type Service,
  startDynamo,
  startMoto,
} from './services.ts';
import type { Key } from './sigv4.ts';
import { startTap, type Tap } from './tap.ts';
import { deploymentOf } from './template.ts';

// An account of AWS on this machine, with Serin's functions in it.

export type Aws = {
  dir: string;
  moto: Service;
  taps: Record<'dynamo' | 'sqs' | 'eks' | 'ssm' | 'cloudwatch' | 'secretsmanager', Tap>;
  invokeApi: Serving;
  table: string;
  queues: Queues;
  /** Who has which key. Each function has one of its own. */
  keys: Map<string, Key>;
  /** What functions asked for that their roles do not let them do. */
  refused: Roles['refused'];
  functions: Map<string, LambdaFunction>;
  /** Of the tests themselves: past the taps, so that nothing of theirs is counted. */
  dynamo: DynamoDBClient;
  sqs: SQSClient;
  stop: () => Promise<void>;
};

const table = 'serin';

/** Credentials of the tests, for the stand-ins, which take any. */
export const credentials = { accessKeyId: 'AKIATESTS', secretAccessKey: 'secret' };

export async function startAws(
  queue?: Parameters<typeof makeQueues>[2],
  keys: Aws['keys'] = new Map(),
): Promise<Aws> {
  process.env.AWS_REGION = region;
  process.env.AWS_ACCESS_KEY_ID = credentials.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = credentials.secretAccessKey;
  const dir = mkdtempSync(join(tmpdir(), 'serin-lambda-'));
  const [moto, local] = await Promise.all([startMoto(), startDynamo()]);
  const { may, refused } = rolesOf(inject('packaged').template);
  const tapOf = (name: keyof Aws['taps'], service: Service) =>
    startTap(service.endpoint, { may: (asked) => may(name, asked) });
  const taps = {
    dynamo: await tapOf('dynamo', local),
    sqs: await tapOf('sqs', moto),
    eks: await tapOf('eks', moto),
    ssm: await tapOf('ssm', moto),
    cloudwatch: await tapOf('cloudwatch', moto),
    secretsmanager: await tapOf('secretsmanager', moto),
  };
  const dynamo = new DynamoDBClient({ region, endpoint: local.endpoint });
  const sqs = new SQSClient({ region, endpoint: moto.endpoint });
  const functions = new Map<string, LambdaFunction>();
  const invokeApi = await startInvokeApi(() => [...functions.values()], {
    keys,
    mayInvoke: (keyId, name) => may('lambda', { operation: 'InvokeFunction', keyId, body: name }),
  });
  await makeTable(local, table);
  const queues = await makeQueues(sqs, 'serin-wakes', queue);
  const stop = async (): Promise<void> => {
    await Promise.all([...functions.values()].map((each) => each.stop()));
    const others = [...Object.values(taps), invokeApi, moto, local];
    await Promise.all(others.map((each) => each.stop()));
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, moto, taps, invokeApi, table, queues, keys, refused, functions, dynamo, sqs, stop };
}

/** A function as it is deployed, but for `over`. */
export async function addFunction(
  aws: Aws,
  name: string,
  over: { clockMs?: number; env?: Record<string, string> } = {},
): Promise<LambdaFunction> {
  const { bundle, env, ...deployed } = deploymentOf(inject('packaged').template, name);
  const keyId = keyIdOf(name);
  const key = {
    secret: `secret of ${name}`,
    sessionToken: `session+of/${name}==`,
    arn: `arn:aws:sts::${account}:assumed-role/serin-${name}/${name}`,
  };
  aws.keys.set(keyId, key);
  const made = await startFunction({
    ...{ name, ...deployed, ...over },
    folder: join(bundles, bundle),
    log: join(aws.dir, `${name}.log`),
    env: {
      AWS_ACCESS_KEY_ID: keyId,
      AWS_SECRET_ACCESS_KEY: key.secret,
      AWS_SESSION_TOKEN: key.sessionToken,
      ...endpointsOf(aws),
      SERIN_TABLE: aws.table,
      // moto names itself in it; past the tap nothing would be counted.
      SERIN_QUEUE_URL: `${aws.taps.sqs.url}${new URL(aws.queues.wakes).pathname}`,
      POWERTOOLS_LOG_LEVEL: 'INFO',
      ...env,
      ...over.env,
    },
  });
  aws.functions.set(name, made);
  return made;
}

const bundles = join(import.meta.dirname, '..', '..', 'dist', 'functions');

function endpointsOf({ taps, invokeApi, moto }: Aws): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_DYNAMODB: taps.dynamo.url,
    AWS_ENDPOINT_URL_SQS: taps.sqs.url,
    AWS_ENDPOINT_URL_EKS: taps.eks.url,
    AWS_ENDPOINT_URL_SSM: taps.ssm.url,
    AWS_ENDPOINT_URL_CLOUDWATCH: taps.cloudwatch.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: taps.secretsmanager.url,
    AWS_ENDPOINT_URL_STS: moto.endpoint,
    AWS_ENDPOINT_URL_LAMBDA: invokeApi.url,
  };
}

/** An account for the tests of one file. */
export function withAws(queue?: Parameters<typeof makeQueues>[2]): () => Aws {
  let aws: Aws | undefined;
  beforeAll(async () => {
    aws = await startAws(queue);
  });
  afterAll(async () => await aws?.stop());
  return () => {
    if (!aws) throw new Error('AWS is not up');
    return aws;
  };
}
