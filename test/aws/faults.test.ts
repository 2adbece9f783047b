import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RolloutKey } from '../../lib/model/key.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { until } from '../cluster/processes.ts';
import { apply, newNamespace, reaches, rolloutIn, webRollout } from '../cluster/stage.ts';
import { two } from '../kubernetes/certificates.ts';
import { keyIdOf } from './roles.ts';
import { clusterName, hiddenSeconds, type Scene, startScene } from './scene.ts';
import type { After, Fault } from './tap.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene?.stop());
afterEach(async () => {
  const { dynamo, sqs, eks } = scene.aws.taps;
  for (const tap of [dynamo, sqs, scene.kube]) {
    tap.setFault(undefined);
    tap.setAfter(undefined);
  }
  eks.setFault(scene.describeCluster);
  await hideFor(hiddenSeconds);
  await scene.registerCluster(clusterName);
});

const steps = [{ setWeight: 34 }, { pause: { duration: 2 } }];
const canary = (image: string): MergePatch => ({
  strategy: { canary: { steps } },
  template: {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image }] },
  },
});

async function start(name: string): Promise<RolloutKey> {
  const namespace = await newNamespace(scene.plane, name);
  await apply(scene.plane, webRollout(namespace, canary('web:v1')));
  await reaches(scene.plane, namespace, 'Healthy');
  return { cluster: clusterName, namespace, name: 'web' };
}

const release = ({ namespace }: RolloutKey, image: string) =>
  apply(scene.plane, webRollout(namespace, canary(image)));

const isDone = (key: RolloutKey, withinMs = 120_000) =>
  reaches(scene.plane, key.namespace, 'Healthy', { step: 2, withinMs });

/** What a release leaves in the ledger, each once. */
async function kindsOf(key: RolloutKey): Promise<string[]> {
  const { items } = await scene.store.ledger(key, { limit: 200 });
  return items.filter(({ revision }) => revision === 2).map(({ kind }) => kind);
}

async function releasesOnce(key: RolloutKey): Promise<void> {
  const kinds = await kindsOf(key);
  for (const kind of ['revision', 'paused', 'resumed', 'completed']) {
    expect(
      kinds.filter((each) => each === kind),
      kinds.join(),
    ).toHaveLength(1);
  }
  const sets = await scene.plane.kubectl(['-n', key.namespace, 'get', 'rs', '-o', 'name']);
  expect(sets.trim().split('\n')).toHaveLength(2);
}

/** More than a wake's retries meet, so that some are left to the queue or the sweep. */
const refusalsMax = 25;

/** Refuses three calls in five of one kind, for a while: a turn makes so many that hardly one ends. */
function throttle(pattern: RegExp, type: string): Fault {
  let count = 0;
  let refusals = 0;
  return ({ operation, keyId }) => {
    if (!pattern.test(operation) || keyId !== keyIdOf('reconcile')) return undefined;
    count += 1;
    // The SDK tries twice: so that some calls fail for good.
    if (count % 5 >= 3 || refusals >= refusalsMax) return undefined;
    refusals += 1;
    return { status: 400, type };
  };
}

const send = (body: string) =>
  scene.aws.sqs.send(
    new SendMessageCommand({ QueueUrl: scene.aws.queues.wakes, MessageBody: body }),
  );

/** Messages that wait or are being worked on; those that are delayed apart. */
async function inQueue(): Promise<number> {
  const { Attributes = {} } = await scene.aws.sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: scene.aws.queues.wakes,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return Object.values(Attributes).reduce((sum, each) => sum + Number(each), 0);
}

/** How long a message that failed stays hidden. */
async function hideFor(seconds: number): Promise<void> {
  const Attributes = { VisibilityTimeout: String(seconds) };
  const QueueUrl = scene.aws.queues.wakes;
  await scene.aws.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
}

const letters: string[] = [];

/** The dead letters about a namespace, so far. What was throttled for long may leave some of its own. */
async function deadLetters(namespace: string): Promise<string[]> {
  const QueueUrl = scene.aws.queues.deadLetters;
  for (;;) {
    const { Messages = [] } = await scene.aws.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) break;
    for (const { Body = '', ReceiptHandle } of Messages) {
      letters.push(Body);
      await scene.aws.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
  return letters.filter((body) => body.includes(`"namespace":"${namespace}"`));
}

/** Sweeps, sooner than every minute, until the releases are over. */
async function areOver(keys: RolloutKey[], withinMs = 200_000): Promise<void> {
  const over = async (): Promise<boolean> => {
    await scene.sweep();
    const kinds = await Promise.all(keys.map(kindsOf));
    return kinds.every((each) => each.includes('completed'));
  };
  await until('the end', over, { withinMs, everyMs: 5000 });
}

describe('services that throttle', () => {
  it.each([
    ['DynamoDB', 'dynamo', /Item$|^Query$/, 'ProvisionedThroughputExceededException'],
    ['SQS', 'sqs', /^SendMessage$/, 'RequestThrottled'],
  ] as const)(
    '%s: the release goes on, and is told once',
    async (_what, name, calls, type) => {
      const key = await start(name);
      scene.aws.taps[name].setFault(throttle(calls, type));
      await release(key, 'web:v2');
      await areOver([key]);
      await releasesOnce(key);
      const refused = scene.aws.taps[name].calls.filter(({ status }) => status === 400);
      expect(refused.length).toBeGreaterThan(0);
    },
    240_000,
  );

  it('EKS: a cluster with another authority is asked for until EKS says where it is', async () => {
    const key = await start('eks');
    let asked = 0;
    scene.aws.taps.eks.setFault((call) => {
      asked += 1;
      return asked <= 4
        ? { status: 429, type: 'ThrottlingException' }
        : scene.describeCluster(call);
    });
    await scene.registerCluster(clusterName, { ca: Buffer.from(two.cert).toString('base64') });
    // What it remembers of the cluster goes with it.
    scene.aws.functions.get('reconcile')?.kill();
    await release(key, 'web:v2');
    // On a busy machine it may count as silent for a while, and is tried again later each time.
    await areOver([key], 400_000);
    expect(asked).toBeGreaterThan(4);
    await releasesOnce(key);
  }, 460_000);
});

describe('a function that is killed', () => {
  it('after any of its effects ends the release all the same, and tells it once', async () => {
    // Each of these is hit after another effect: its first, its second, …
    const keys = await Promise.all([...'abcdefghij'].map((letter) => start(`killed-${letter}`)));
    const effects = new Map<string, number>();
    const hit = new Set<string>();
    const after: After = ({ operation, keyId, status }, about) => {
      const isEffect = /^(?:PutItem|DeleteItem|SendMessage|POST |PATCH |DELETE )/.test(operation);
      const isOurs = keyId === keyIdOf('reconcile') || keyId === '';
      const [name] = /killed-\w/.exec(about) ?? [];
      if (!isEffect || !isOurs || status >= 400 || name === undefined) return;
      const count = (effects.get(name) ?? 0) + 1;
      effects.set(name, count);
      if (count !== name.charCodeAt(7) - 96) return;
      hit.add(name);
      scene.aws.functions.get('reconcile')?.kill();
    };
    const { dynamo, sqs } = scene.aws.taps;
    for (const tap of [dynamo, sqs, scene.kube]) tap.setAfter(after);
    await Promise.all(keys.map((key) => release(key, 'web:v2')));
    await areOver(keys, 360_000);
    expect([...hit].sort()).toEqual(keys.map(({ namespace }) => namespace));
    for (const key of keys) await releasesOnce(key);
  }, 420_000);
});

describe('two versions at once', () => {
  it('an item of a newer Serin is left alone, and others go on', async () => {
    const key = await start('newer');
    // Meanwhile the first comes to rest: a turn in between would save the version that is read here.
    const other = await start('older');
    const Key = { pk: { S: `rollouts#${clusterName}` }, sk: { S: 'newer/web' } };
    const table = { TableName: scene.aws.table };
    const { Item } = await scene.aws.dynamo.send(new GetItemCommand({ ...table, Key }));
    const newer = { ...Item, ...Key, schema: { N: '99' } };
    await scene.aws.dynamo.send(new PutItemCommand({ ...table, Item: newer }));
    await release(key, 'web:v2');
    await release(other, 'web:v2');
    await isDone(other);
    const kept = await scene.aws.dynamo.send(new GetItemCommand({ ...table, Key }));
    expect(kept.Item).toEqual(newer);
    const { status, metadata } = await rolloutIn(scene.plane, 'newer');
    expect(status?.observedGeneration).toBe(String((metadata?.generation ?? 0) - 1));
  }, 180_000);

  it('a message with fields of a newer version wakes its rollout', async () => {
    const key = await start('message');
    const before = scene.aws.functions.get('reconcile')!.invocations.length;
    await send(JSON.stringify({ key: { ...key, shard: 7 }, urgency: 'high', version: 9 }));
    await until('the wake', async () => {
      return scene.aws.functions.get('reconcile')!.invocations.length > before;
    });
    expect(await deadLetters(key.namespace)).toEqual([]);
  });
});

describe('poison', () => {
  it('is dropped when it says nothing, and what always fails is a dead letter', async () => {
    const malformed = ['not json', '{"key":{"cluster":"prod","namespace":7}}'];
    for (const body of malformed) await send(body);
    await until('them to be done with', async () => (await inQueue()) === 0);
    const fatal = JSON.stringify({ key: { cluster: clusterName, namespace: 'poison', name: 'x' } });
    // Whoever reads its record dies of it.
    scene.aws.taps.dynamo.setAfter((_call, about) => {
      if (about.includes('"poison/x"')) scene.aws.functions.get('reconcile')?.kill();
    });
    // It comes five times, and nobody has anything else to do meanwhile.
    await hideFor(5);
    await send(fatal);
    await until('the dead letter', async () => (await deadLetters('poison')).length > 0, {
      withinMs: 180_000,
    });
    scene.aws.taps.dynamo.setAfter(undefined);
    expect(await deadLetters('poison')).toEqual([fatal]);
  }, 240_000);
});

describe('a cluster', () => {
  it('that is gone for a while is left alone, and nothing is lost', async () => {
    const key = await start('gone');
    await release(key, 'web:v2');
    await scene.plane.stopApiServer();
    const outage = () => scene.store.documents.get({ kind: 'outage', id: clusterName });
    await send(JSON.stringify({ list: clusterName }));
    await until('the outage', async () => (await outage()) !== undefined);
    await scene.sweep();
    await scene.plane.startApiServer();
    await until(
      'its end',
      async () => {
        await scene.sweep();
        return (await outage()) === undefined;
      },
      { withinMs: 120_000, everyMs: 5000 },
    );
    await areOver([key]);
    await releasesOnce(key);
  }, 300_000);
});
