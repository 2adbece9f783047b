import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateEmailIdentityCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { messagesBy } from '../../lib/channels/messages.ts';
import { systemClock } from '../../lib/clock.ts';
import { Transient } from '../../lib/errors.ts';
import type { Channel, Notification } from '../../lib/model/notification.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import { account, region, type Service, startMoto } from './services.ts';
import { startTap, type Tap } from './tap.ts';

// What people are told by way of AWS, on moto's, behind a tap that throttles and forbids.

let moto: Service;
let tap: Tap;
let queues: SQSClient;
const bus = `arn:aws:events:${region}:${account}:event-bus/releases`;

beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
  moto = await startMoto();
  const at = { region, endpoint: moto.endpoint };
  queues = new SQSClient(at);
  // It loads a service when that is called first, for longer than the clients of lib/ wait.
  await new SESv2Client(at).send(
    new CreateEmailIdentityCommand({ EmailIdentity: 'serin@ops.example' }),
  );
  const events = new EventBridgeClient(at);
  await events.send(new CreateEventBusCommand({ Name: 'releases' }));
  await queueFor('events');
  const EventPattern = JSON.stringify({ source: ['serin'], 'detail-type': ['Release Aborted'] });
  const rule = { EventBusName: 'releases', Rule: 'aborts' };
  await events.send(new PutRuleCommand({ EventBusName: 'releases', Name: 'aborts', EventPattern }));
  const Targets = [{ Id: 'queue', Arn: `arn:aws:sqs:${region}:${account}:events` }];
  await events.send(new PutTargetsCommand({ ...rule, Targets }));
  tap = await startTap(moto.endpoint);
  process.env.AWS_ENDPOINT_URL = tap.url;
});
afterEach(() => tap.setFault(undefined));
afterAll(async () => {
  delete process.env.AWS_ENDPOINT_URL;
  await tap.stop();
  await moto.stop();
});

async function queueFor(QueueName: string): Promise<string> {
  return (await queues.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? '';
}

async function received(QueueUrl: string) {
  const { Messages = [] } = await queues.send(new ReceiveMessageCommand({ QueueUrl }));
  return Messages.map(({ Body = '' }) => JSON.parse(Body));
}

const aborted: Notification = {
  ...{ version: 1, id: '0123456789abcdef01234567', kind: 'aborted', at: '2026-01-31T12:00:00Z' },
  ...{ cluster: 'prod', namespace: 'shop', rollout: 'front-api', uid: 'u1', revision: 7 },
  text: 'The update to revision 7 is aborted – at once',
};

async function send(way: Omit<Channel, 'name'>) {
  const messages = messagesBy({
    ...{ channels: async () => [], openZones: [], value: async () => '', region },
    ...{ documents: memoryStore(systemClock).documents, clock: systemClock, userAgent: 'serin' },
  });
  return await messages.send({ name: 'a', ...way }, aborted, Number.POSITIVE_INFINITY);
}

it('EventBridge gets an event that a rule matches', async () => {
  expect(await send({ eventBridge: { bus } })).toEqual({});
  const [event] = await received(await queueFor('events'));
  expect(event).toMatchObject({
    ...{ source: 'serin', 'detail-type': 'Release Aborted', detail: aborted },
    ...{ region, time: '2026-01-31T12:00:00Z' },
  });
});

it.each(['releases', 'releases.fifo'])('SNS gets a message for topic %s', async (Name) => {
  const topics = new SNSClient({ region, endpoint: moto.endpoint });
  const Attributes = Name.endsWith('.fifo') ? { FifoTopic: 'true' } : {};
  const { TopicArn } = await topics.send(new CreateTopicCommand({ Name, Attributes }));
  const url = await queueFor('subscribed');
  const Endpoint = `arn:aws:sqs:${region}:${account}:subscribed`;
  await topics.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  expect(await send({ sns: { topic: TopicArn ?? '' } })).toEqual({});
  const [{ Message, MessageAttributes, Subject }] = await received(url);
  expect(JSON.parse(Message)).toEqual(aborted);
  expect(Subject).toBe('Aborted: shop/front-api in prod');
  expect(MessageAttributes).toMatchObject({
    kind: { Type: 'String', Value: 'aborted' },
    rollout: { Type: 'String', Value: 'front-api' },
  });
});

it('SES gets a letter', async () => {
  const email = { from: 'Serin <serin@ops.example>', to: ['team@shop.example'] };
  expect(await send({ email })).toEqual({});
  const data = await (await fetch(`${moto.endpoint}/moto-api/data.json`)).json();
  const [sent] = data.ses.SentMessage ?? data.ses.Message;
  expect(JSON.stringify(sent)).toMatch(/Aborted: shop\/front-api in prod/);
  expect(JSON.stringify(sent)).toMatch(/at once/);
});

it('says what right is missing, and what may work later', async () => {
  tap.setFault(() => ({ status: 400, type: 'AccessDeniedException' }));
  const refused = await send({ eventBridge: { bus } }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ message: expect.stringContaining('AccessDenied') });
  tap.setFault(() => ({ status: 503, type: 'ServiceUnavailable' }));
  await expect(send({ eventBridge: { bus } })).rejects.toBeInstanceOf(Transient);
  tap.setFault(undefined);
  const gone = { topic: `arn:aws:sns:${region}:${account}:gone` };
  await expect(send({ sns: gone })).rejects.toThrow(/gone: NotFound/);
});
