import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll } from 'vitest';
import { startInvokeApi } from './front.ts';
import type { Serving } from './http.ts';
import { type FunctionOptions, type LambdaFunction, startFunction } from './lambda.ts';
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

// An account of AWS on this machine, with Serin's functions in it.

export type Aws = {
  dir: string;
  moto: Service;
  taps: { dynamo: Tap; sqs: Tap; eks: Tap; ssm: Tap };
  invokeApi: Serving;
  table: string;
  queues: Queues;
  /** Who has which key. Each function has one of its own. */
  keys: Map<string, Key>;
  functions: Map<string, LambdaFunction>;
  /** Of the tests themselves: past the taps, so that nothing of theirs is counted. */
  dynamo: DynamoDBClient;
  sqs: SQSClient;
  stop: () => Promise<void>;
};

const table = 'serin';

/** Credentials of the tests, for the stand-ins, which take any. */
export const credentials = { accessKeyId: 'AKIATESTS', secretAccessKey: 'secret' };

export async function startAws(queue?: Parameters<typeof makeQueues>[2]): Promise<Aws> {
  process.env.AWS_REGION = region;
  process.env.AWS_ACCESS_KEY_ID = credentials.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = credentials.secretAccessKey;
  const dir = mkdtempSync(join(tmpdir(), 'serin-lambda-'));
  const [moto, local] = await Promise.all([startMoto(), startDynamo()]);
  const tapOf = (service: Service) => startTap(service.endpoint);
  const taps = {
    dynamo: await tapOf(local),
    sqs: await tapOf(moto),
    eks: await tapOf(moto),
    ssm: await tapOf(moto),
  };
  const dynamo = new DynamoDBClient({ region, endpoint: local.endpoint });
  const sqs = new SQSClient({ region, endpoint: moto.endpoint });
  const functions = new Map<string, LambdaFunction>();
  const keys = new Map<string, Key>();
  const invokeApi = await startInvokeApi(() => [...functions.values()], { keys, mayInvoke });
  await makeTable(local, table);
  const queues = await makeQueues(sqs, 'serin-wakes', queue);
  const stop = async (): Promise<void> => {
    for (const each of functions.values()) await each.stop();
    for (const each of [...Object.values(taps), invokeApi, moto, local]) await each.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, moto, taps, invokeApi, table, queues, keys, functions, dynamo, sqs, stop };
}

/** As the roles in infra/ say: `api` and `hooks` may have reconcile run, and look. */
function mayInvoke(arn: string, name: string): boolean {
  return /assumed-role\/serin-(?:api|read|hooks)\//.test(arn) && /^(?:reconcile|look)$/.test(name);
}

export const roleOf = (name: string): string => `arn:aws:iam::${account}:role/serin-${name}`;

/** A function of dist/functions, in a role of its own. `bundle` is its name there, if another. */
export async function addFunction(
  aws: Aws,
  options: Omit<FunctionOptions, 'folder' | 'log' | 'env'> & {
    bundle?: string;
    folder?: string;
    env?: Record<string, string>;
  },
): Promise<LambdaFunction> {
  const { name, bundle = name, env = {} } = options;
  const keyId = keyIdOf(name);
  const key = {
    secret: `secret of ${name}`,
    sessionToken: `session+of/${name}==`,
    arn: `arn:aws:sts::${account}:assumed-role/serin-${name}/${name}`,
  };
  aws.keys.set(keyId, key);
  const made = await startFunction({
    ...options,
    folder: options.folder ?? join(bundles, bundle),
    log: join(aws.dir, `${name}.log`),
    env: {
      AWS_ACCESS_KEY_ID: keyId,
      AWS_SECRET_ACCESS_KEY: key.secret,
      AWS_SESSION_TOKEN: key.sessionToken,
      ...endpointsOf(aws),
      SERIN_TABLE: aws.table,
      // moto names itself in it; past the tap nothing would be counted.
      SERIN_QUEUE_URL: `${aws.taps.sqs.url}${new URL(aws.queues.wakes).pathname}`,
      SERIN_RECONCILE_FUNCTION: 'reconcile',
      SERIN_LOOK_FUNCTION: 'look',
      POWERTOOLS_LOG_LEVEL: 'INFO',
      ...env,
    },
  });
  aws.functions.set(name, made);
  return made;
}

export const keyIdOf = (name: string): string => `ASIA${name.toUpperCase()}`;

const bundles = join(import.meta.dirname, '..', '..', 'dist', 'functions');

function endpointsOf({ taps, invokeApi, moto }: Aws): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_DYNAMODB: taps.dynamo.url,
    AWS_ENDPOINT_URL_SQS: taps.sqs.url,
    AWS_ENDPOINT_URL_EKS: taps.eks.url,
    AWS_ENDPOINT_URL_SSM: taps.ssm.url,
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
