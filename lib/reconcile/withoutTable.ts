import { Terminal, Transient } from '../errors.ts';
import type { Key } from '../model/key.ts';
import type { RecordOf } from '../model/record.ts';
import type { World } from '../world.ts';

// An outage of the table is a value: what brooks no delay is done without it.

export async function load<K extends Key>(
  world: Pick<World, 'store'>,
  key: K,
): Promise<{ record?: RecordOf<K>; error?: Error }> {
  try {
    const record = await world.store.load(key);
    return record ? { record } : {};
  } catch (error) {
    return { error: whereUnusable(error) };
  }
}

/** Why the table could not be written; undefined where it was. */
export async function tableErrorOf(writing: Promise<void>): Promise<Error | undefined> {
  try {
    await writing;
    return undefined;
  } catch (error) {
    return whereUnusable(error);
  }
}

function whereUnusable(error: unknown): Error {
  if (error instanceof Transient || error instanceof Terminal) return error;
  throw error;
}

/** However final the table's error is, the wake must not be lost with it. */
export function withoutTable(error: Error): Error {
  return new Transient(`The table cannot be used: ${error.message}`, { cause: error });
}
