import { CreateClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eksAccess } from '../../lib/eks/signIn.ts';
import { Terminal } from '../../lib/errors.ts';
import { secondMs } from '../../lib/model/units.ts';
import { readWake } from '../../lib/queue/message.ts';
import { sqsWakes } from '../../lib/queue/sqs.ts';
import { makeQueues, type Queues, region, type Service, startMoto } from './services.ts';

// The queue and EKS as far as moto plays them.

const key = { cluster: 'prod', namespace: 'shop', name: 'front-api' };

let moto: Service;
let client: SQSClient;
let names = 0;
beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
  moto = await startMoto();
  client = new SQSClient({ region, endpoint: moto.endpoint });
});
afterAll(() => moto.stop());

async function newQueues(options?: Parameters<typeof makeQueues>[2]) {
  names += 1;
  const queues = await makeQueues(client, `serin-${names}`, options);
  return { queues, wakes: sqsWakes({ client, queueUrl: queues.wakes }) };
}

async function receive({ wakes }: Queues, waitSeconds = 0) {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: wakes,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return Messages;
}

describe('the queue of wakes', () => {
  it('keeps a message back for its delay, and no longer', async () => {
    const { queues, wakes } = await newQueues();
    const sentAt = Date.now();
    await wakes.send({ key, at: sentAt + 3 * secondMs }, 2 * secondMs);
    expect(await receive(queues)).toEqual([]);
    const [message] = await receive(queues, 5);
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(2 * secondMs - 50);
    expect(Date.now() - sentAt).toBeLessThan(4 * secondMs);
    expect(readWake(message?.Body ?? '')).toEqual({ key, at: sentAt + 3 * secondMs });
  });

  it('takes the longest delay there is', async () => {
    const { wakes } = await newQueues();
    await expect(wakes.send({ key }, 900 * secondMs)).resolves.toBeUndefined();
  });

  it('has the cluster as the group of each message', async () => {
    const { queues, wakes } = await newQueues();
    await wakes.send({ key }, 0);
    await wakes.send({ list: 'other' }, 0);
    const groups = (await receive(queues)).map(({ Attributes }) => Attributes?.MessageGroupId);
    expect(groups.sort()).toEqual(['other', 'prod']);
  });

  it('gives what nobody is done with to the dead letters after five times', async () => {
    const { queues, wakes } = await newQueues({ visibilitySeconds: 30 });
    await wakes.send({ key }, 0);
    for (let times = 1; times <= 5; times += 1) {
      const [message] = await receive(queues);
      expect(message?.Attributes?.ApproximateReceiveCount).toBe(String(times));
      const { ReceiptHandle } = message ?? {};
      const shown = { QueueUrl: queues.wakes, ReceiptHandle, VisibilityTimeout: 0 };
      await client.send(new ChangeMessageVisibilityCommand(shown));
    }
    expect(await receive(queues)).toEqual([]);
    const [dead] = await receive({ ...queues, wakes: queues.deadLetters });
    expect(readWake(dead?.Body ?? '')).toEqual({ key });
    const { ReceiptHandle } = dead ?? {};
    await client.send(new DeleteMessageCommand({ QueueUrl: queues.deadLetters, ReceiptHandle }));
  });

  it('that is not there is said to be so', async () => {
    const wakes = sqsWakes({ client, queueUrl: `${moto.endpoint}/123456789012/nowhere` });
    await expect(wakes.send({ key }, 0)).rejects.toThrow(/check that it exists/);
    await expect(wakes.send({ key }, 0)).rejects.toThrow(Terminal);
  });
});

describe('EKS', () => {
  it('says where a cluster is, and of one it does not have what to check', async () => {
    const eks = new EKSClient({ region, endpoint: moto.endpoint });
    const { cluster } = await eks.send(
      new CreateClusterCommand({
        name: 'prod',
        roleArn: 'arn:aws:iam::123456789012:role/eks',
        resourcesVpcConfig: {},
      }),
    );
    const access = await eksAccess({ region, name: 'prod', client: eks })({ fresh: false });
    expect(access).toMatchObject({
      server: cluster?.endpoint,
      ca: cluster?.certificateAuthority?.data,
      token: expect.stringMatching(/^k8s-aws-v1\./),
    });
    const other = eksAccess({ region, name: 'other', client: eks })({ fresh: false });
    await expect(other).rejects.toThrow(/check its name, its region and its account/);
  });
});
