import { createHash } from 'node:crypto';
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import type { BatchAnswer } from '../../lib/queue/batch.ts';
import { type LambdaFunction, Throttled } from './lambda.ts';
import { account, region } from './services.ts';

// Lambda's event source mapping: it polls the queue, hands batches to the function, deletes what the function
// is done with and leaves the rest to the queue's visibility timeout. While all its polls find something it
// begins another, up to the maximum concurrency.

export type PumpOptions = {
  client: SQSClient;
  queueUrl: string;
  target: LambdaFunction;
  batchSize: number;
  /** How many batches are at the function at once. */
  maximumConcurrency: number;
};

export type Pump = {
  /** Batches that the function as a whole failed at. */
  failed: string[];
  maximumConcurrency: number;
  /** The most batches that were at the function at once. */
  highest: () => number;
  /** Requests, as SQS bills them. */
  receives: () => number;
  deletes: () => number;
  stop: () => Promise<void>;
};

/** As Lambda polls. */
const waitSeconds = 20;
/** Polls that never end. Lambda has five of them. */
const pollersMin = 2;

export function startPump(options: PumpOptions): Pump {
  const { maximumConcurrency } = options;
  const stopping = new AbortController();
  const failed: string[] = [];
  let busy = 0;
  let highest = 0;
  let receives = 0;
  let deletes = 0;
  const pollers = new Set<Promise<void>>();
  const addPoller = (isSpare: boolean): void => {
    const poller: Promise<void> = poll(isSpare).finally(() => pollers.delete(poller));
    pollers.add(poller);
  };
  const poll = async (isSpare: boolean): Promise<void> => {
    while (!stopping.signal.aborted) {
      receives += 1;
      const messages = await receive(options, stopping.signal).catch(() => []);
      if (messages.length === 0 && isSpare) return;
      if (messages.length === 0) continue;
      busy += 1;
      highest = Math.max(highest, busy);
      if (busy === pollers.size && busy < maximumConcurrency) addPoller(true);
      const isDeleted = await deliver(options, messages, failed).finally(() => {
        busy -= 1;
      });
      if (isDeleted) deletes += 1;
    }
  };
  for (let count = 0; count < pollersMin; count += 1) addPoller(false);
  return {
    failed,
    maximumConcurrency,
    highest: () => highest,
    receives: () => receives,
    deletes: () => deletes,
    stop: async () => {
      stopping.abort();
      await Promise.all(pollers);
    },
  };
}

async function receive(
  { client, queueUrl, batchSize }: PumpOptions,
  abortSignal: AbortSignal,
): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: batchSize,
    WaitTimeSeconds: waitSeconds,
    MessageSystemAttributeNames: ['All'],
  });
  const { Messages } = await client.send(command, { abortSignal });
  return Messages ?? [];
}

/** Whether anything was deleted. */
async function deliver(
  { client, queueUrl, target }: PumpOptions,
  messages: Message[],
  failed: string[],
): Promise<boolean> {
  try {
    const { payload, functionError } = await target.invoke(eventOf(messages));
    // A function that fails as a whole is done with none of its batch.
    if (functionError) throw new Error(payload);
    const { batchItemFailures }: BatchAnswer = JSON.parse(payload);
    const open = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const Entries = messages
      .filter(({ MessageId }) => !open.has(MessageId ?? ''))
      .map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId, ReceiptHandle }));
    if (Entries.length === 0) return false;
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    return true;
  } catch (error) {
    if (!(error instanceof Throttled)) failed.push(String(error));
    return false;
  }
}

function eventOf(messages: Message[]): SQSEvent {
  return {
    Records: messages.map(({ MessageId = '', ReceiptHandle = '', Body = '', Attributes = {} }) => ({
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      attributes: Attributes as SQSEvent['Records'][number]['attributes'],
      messageAttributes: {},
      md5OfBody: createHash('md5').update(Body).digest('hex'),
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:${region}:${account}:serin-wakes`,
      awsRegion: region,
    })),
  };
}
