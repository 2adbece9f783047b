import { Terminal } from '../errors.ts';
import { isKind } from '../model/kinds.ts';
import type { Before, QueueMessage, WakeMessage } from '../world.ts';

// The messages in a queue, as text. Apart from the queue in AWS, whose client `serin run` does not load.

export function writeWake(message: QueueMessage): string {
  return JSON.stringify(message);
}

/** The message in a queue record's body. */
export function readWake(body: string): QueueMessage {
  const { key, at, list, retries, before } = parse(body);
  const retried = typeof retries === 'number' ? { retries } : {};
  if (typeof list === 'string' && list !== '') return { list, ...retried };
  const { cluster, kind = 'Rollout', namespace, name } = key ?? {};
  if (![cluster, namespace, name].every(isName) || !(kind === 'Delivery' || isKind(kind))) {
    throw new Terminal(`a message in the queue names no rollout: ${body.slice(0, 200)}`);
  }
  const named = { cluster, namespace, name } as WakeMessage['key'];
  return {
    key: kind === 'Rollout' ? named : ({ ...named, kind } as WakeMessage['key']),
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
