import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { isPassing, type SdkError, sdkWords } from '../aws/aws.ts';
import { Terminal, Transient } from '../errors.ts';
import { keyText } from '../model/key.ts';
import type { QueueMessage } from '../world.ts';
import { readWake } from './message.ts';
import { sqsWakes } from './sqs.ts';

/** What SQS hands out at once, at most. */
const batchMax = 10;
/** Long enough to send and delete a batch; what is received for a look comes back after it at the latest. */
const hiddenSeconds = 60;

export type Redriven = {
  /** The wakes that were moved, or would be: by rollout or cluster, and how many dead letters each had. */
  wakes: { wake: string; letters: number }[];
  /** Bodies that are no wake. They stay where they are. */
  unreadable: string[];
  /** More was there than the limit. */
  isMore: boolean;
};

/**
 * Moves dead letters back to the queue. A wake is only a key, so those of one rollout become one, which is
 * due now. A letter is deleted once its wake is in the queue. `dryRun` looks, and puts all back.
 */
export async function redrive(
  client: SQSClient,
  { queueUrl, limit, dryRun }: { queueUrl: string; limit: number; dryRun: boolean },
): Promise<Redriven> {
  const deadUrl = await deadLetterQueue(client, queueUrl);
  const wakes = sqsWakes({ client, queueUrl });
  const counts = new Map<string, number>();
  const unreadable: string[] = [];
  const kept: Message[] = [];
  let looked = 0;
  let isMore = false;
  try {
    while (looked < limit) {
      const letters = await receive(client, deadUrl, Math.min(batchMax, limit - looked));
      if (letters.length === 0) break;
      looked += letters.length;
      isMore = looked >= limit;
      for (const letter of letters) {
        const message = wakeIn(letter);
        if (message === undefined) unreadable.push(letter.Body ?? '');
        if (message === undefined || dryRun) kept.push(letter);
        if (message === undefined) continue;
        const wake = 'list' in message ? message.list : keyText(message.key);
        const before = counts.get(wake) ?? 0;
        if (!dryRun) {
          if (before === 0) await wakes.send(freshOf(message), 0);
          await deleteLetter(client, deadUrl, letter);
        }
        counts.set(wake, before + 1);
      }
    }
  } finally {
    for (const letter of kept) await putBack(client, deadUrl, letter);
  }
  return {
    wakes: [...counts].map(([wake, letters]) => ({ wake, letters })),
    unreadable,
    isMore,
  };
}

/** Its time is long past, and its retries are spent. */
function freshOf(message: QueueMessage): QueueMessage {
  return 'list' in message ? { list: message.list } : { key: message.key };
}

function wakeIn({ Body = '' }: Message): QueueMessage | undefined {
  try {
    return readWake(Body);
  } catch (error) {
    if (error instanceof Terminal) return undefined;
    throw error;
  }
}

async function deadLetterQueue(client: SQSClient, queueUrl: string): Promise<string> {
  const input = { QueueUrl: queueUrl, AttributeNames: ['RedrivePolicy' as const] };
  const { Attributes } = await asked(queueUrl, client.send(new GetQueueAttributesCommand(input)));
  const { deadLetterTargetArn } = JSON.parse(Attributes?.RedrivePolicy ?? '{}');
  if (typeof deadLetterTargetArn !== 'string') {
    throw new Terminal(`queue ${queueUrl} has no dead-letter queue`);
  }
  const [account, QueueName = ''] = deadLetterTargetArn.split(':').slice(-2);
  const owner = account ? { QueueOwnerAWSAccountId: account } : {};
  const command = new GetQueueUrlCommand({ QueueName, ...owner });
  const { QueueUrl = '' } = await asked(QueueName, client.send(command));
  return QueueUrl;
}

async function receive(client: SQSClient, url: string, count: number): Promise<Message[]> {
  const input = { QueueUrl: url, MaxNumberOfMessages: count, VisibilityTimeout: hiddenSeconds };
  // Without a wait SQS asks only some of its servers, and what is there may not be found.
  const command = new ReceiveMessageCommand({ ...input, WaitTimeSeconds: 1 });
  const { Messages = [] } = await asked(url, client.send(command, { requestTimeout: 5000 }));
  return Messages;
}

async function deleteLetter(client: SQSClient, url: string, letter: Message): Promise<void> {
  const input = { QueueUrl: url, ReceiptHandle: letter.ReceiptHandle };
  await asked(url, client.send(new DeleteMessageCommand(input)));
}

/** One that is not put back comes back by itself. */
async function putBack(client: SQSClient, url: string, letter: Message): Promise<void> {
  const input = { QueueUrl: url, ReceiptHandle: letter.ReceiptHandle, VisibilityTimeout: 0 };
  await client.send(new ChangeMessageVisibilityCommand(input)).catch(() => undefined);
}

async function asked<T>(queue: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const failed = error as SdkError;
    const said = `queue ${queue}: ${sdkWords(failed)}`;
    if (isPassing(failed)) throw new Transient(said, { cause: error });
    if (failed.$fault === undefined && failed.name !== 'CredentialsProviderError') throw error;
    const rights =
      'sqs:GetQueueAttributes, GetQueueUrl, ReceiveMessage, SendMessage, DeleteMessage';
    throw new Terminal(`${said}: check its address, and that you may do ${rights}`, {
      cause: error,
    });
  }
}
