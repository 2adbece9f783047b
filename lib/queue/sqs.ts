import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings, isPassing, onceSettings, type SdkError, sdkWords } from '../aws/aws.ts';
import { Terminal, Transient } from '../errors.ts';
import { secondMs } from '../model/units.ts';
import type { QueueMessage, Wakes } from '../world.ts';
import { writeWake } from './message.ts';
import { reachMs } from './queue.ts';

/** Region and credentials come from the environment unless they are named. */
export function sqsClient(options: { region?: string; endpoint?: string } = {}): SQSClient {
  return new SQSClient({ ...clientSettings, ...options });
}

/**
 * What sends wakes. A queue that answers late has the message all the same: to send it again would double it,
 * each time that the copies are sent on, in the very hour in which the queue is slow.
 */
export function sendingClient(options: { region?: string; endpoint?: string } = {}): SQSClient {
  return new SQSClient({ ...onceSettings, ...options });
}

/** Wakes through a standard SQS queue: a FIFO queue takes no delay per message. */
export function sqsWakes({ client, queueUrl }: { client: SQSClient; queueUrl: string }): Wakes {
  return {
    send: async (message, delayMs) => {
      if (delayMs > reachMs) throw new RangeError(`a delay of ${delayMs} ms is beyond the queue`);
      const command = new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: writeWake(message),
        // Rounded up: a timer's message may come up to a second early, but not earlier.
        DelaySeconds: Math.max(0, Math.ceil(delayMs / secondMs)),
        MessageGroupId: groupOf(message),
      });
      await client
        .send(command)
        .catch((error: unknown) => {
          if (!hasNotTaken(error)) throw error;
          return client.send(command);
        })
        .catch((error: unknown) => {
          throw queueError(error, queueUrl);
        });
    },
  };
}

/** Fair queues: a cluster where much is released does not hold up the others. It orders nothing. */
function groupOf(message: QueueMessage): string {
  const cluster = 'list' in message ? message.list : message.key.cluster;
  return encodeURIComponent(cluster).slice(0, 128);
}

/** A queue that throttles or that the request did not reach; and not one that was slow to answer it. */
function hasNotTaken(error: unknown): boolean {
  return error instanceof Error && isPassing(error) && (error as SdkError).code !== 'ETIMEDOUT';
}

function queueError(error: unknown, queueUrl: string): unknown {
  if (!(error instanceof Error)) return error;
  const failed: SdkError = error;
  const said = `queue ${queueUrl}: ${sdkWords(failed)}`;
  if (isPassing(failed)) return new Transient(`${said}: it did not answer`, { cause: error });
  if (failed.$fault === undefined && failed.name !== 'CredentialsProviderError') return error;
  const advice = 'check that it exists and that this role may do sqs:SendMessage';
  return new Terminal(`${said}: ${advice}`, { cause: error });
}
