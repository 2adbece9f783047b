import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings, isPassing, type SdkError, sdkWords } from '../aws/aws.ts';
import { Terminal, Transient } from '../errors.ts';
import { isKind } from '../model/kinds.ts';
import { secondMs } from '../model/units.ts';
import type { Before, QueueMessage, WakeMessage, Wakes } from '../world.ts';
import { reachMs } from './queue.ts';

/** Region and credentials come from the environment unless they are named. */
export function sqsClient(options: { region?: string; endpoint?: string } = {}): SQSClient {
  return new SQSClient({ ...clientSettings, ...options });
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
      try {
        await client.send(command);
      } catch (error) {
        throw queueError(error, queueUrl);
      }
    },
  };
}

function writeWake(message: QueueMessage): string {
  return JSON.stringify(message);
}

/** The message in a queue record's body. */
export function readWake(body: string): QueueMessage {
  const { key, at, list, retries, before } = parse(body);
  const retried = typeof retries === 'number' ? { retries } : {};
  if (typeof list === 'string' && list !== '') return { list, ...retried };
  const { cluster, kind = 'Rollout', namespace, name } = key ?? {};
  if (![cluster, namespace, name].every(isName) || !isKind(kind)) {
    throw new Terminal(`a message in the queue names no rollout: ${body.slice(0, 200)}`);
  }
  const named = { cluster, namespace, name } as WakeMessage['key'];
  return {
    key: kind === 'Rollout' ? named : { ...named, kind },
    ...(typeof at === 'number' ? { at } : {}),
    ...(isBefore(before) ? { before } : {}),
    ...retried,
  };
}

/** Half a surrogate is no text, and cannot be made a key of the table. */
function isName(part: unknown): part is string {
  return typeof part === 'string' && part !== '' && part.isWellFormed();
}

type Parsed = {
  key?: { [part in keyof WakeMessage['key']]?: unknown };
  at?: unknown;
  list?: unknown;
  retries?: unknown;
  before?: unknown;
};

function isBefore(value: unknown): value is Before {
  const { uid, resourceVersion, looks } = (value ?? {}) as Partial<Record<keyof Before, unknown>>;
  return typeof uid === 'string' && typeof resourceVersion === 'string' && Number.isInteger(looks);
}

function parse(body: string): Parsed {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
}

/** Fair queues: a cluster where much is released does not hold up the others. It orders nothing. */
function groupOf(message: QueueMessage): string {
  const cluster = 'list' in message ? message.list : message.key.cluster;
  return encodeURIComponent(cluster).slice(0, 128);
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
