import { Conflict, NotFound, Terminal, Transient } from '../lib/errors.ts';
import { dynamoClient } from '../lib/store/client.ts';
import { dynamoStore } from '../lib/store/table.ts';
import type { Store } from '../lib/world.ts';
import { CliError, exitCodes, usageError } from './exit.ts';
import type { Io } from './io.ts';

// What an administrator does with AWS credentials of their own: no API, no function.

/** The table that --table or SERIN_TABLE names, in the region and with the credentials of the shell. */
export function openTable({ table }: { table?: string }, { env }: Io): Store {
  const name = table ?? env.SERIN_TABLE;
  if (name) return dynamoStore({ client: dynamoClient(), table: name });
  throw usageError(
    'which table Serin keeps its registry in is not known',
    'Name it with --table or SERIN_TABLE; it is an output of the stack.',
  );
}

/** Says what went wrong at an edge as something that a person can put right. */
export async function administered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { message } = error as Error;
    if (/Region is missing/.test(message)) {
      throw usageError('which AWS region to work in is not known', 'Set AWS_REGION.');
    }
    if (error instanceof Transient) {
      throw new CliError(message, { exitCode: exitCodes.unreachable, hint: 'Try again.' });
    }
    if (error instanceof NotFound) throw new CliError(message, { exitCode: exitCodes.unreachable });
    if (error instanceof Terminal || error instanceof Conflict) {
      const hint = 'Nothing was changed.';
      throw new CliError(message, { exitCode: exitCodes.refused, hint });
    }
    throw error;
  }
}
