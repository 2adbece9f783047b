import { hostname } from 'node:os';
import { Conflict, NotFound, Terminal, Transient } from '../lib/errors.ts';
import type { Store } from '../lib/world.ts';
import { userName } from '../server/user.ts';
import { CliError, exitCodes, usageError } from './exit.ts';
import type { Io } from './io.ts';
import { logTo } from './process.ts';
import { plain } from './text.ts';

// What administrators do with AWS credentials of their own: no API, no function.

export type TableOptions = { table?: string };

export const tableOption = ['--table <name>', 'the table, if not SERIN_TABLE'] as const;

/** The table that --table or SERIN_TABLE names, in the region and with the credentials of the shell. */
export async function openAwsTable({ table }: TableOptions, io: Io): Promise<Store> {
  const name = table ?? io.env.SERIN_TABLE;
  if (!name) {
    throw usageError(
      'which table Serin keeps everything in is not known',
      'Name it with --table or SERIN_TABLE; it is an output of the stack.',
    );
  }
  // Loads what no other command needs.
  const { dynamoClient, dynamoStore } = await import('../lib/store/dynamo.ts');
  return dynamoStore({ client: dynamoClient(), table: name, log: logTo(io, false) });
}

/** Says what went wrong at an edge as something that a person can put right. */
export async function administered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = plain((error as Error).message);
    if (/Region is missing/.test(message)) {
      throw usageError('which AWS region to work in is not known', 'Set AWS_REGION.');
    }
    if (error instanceof Transient) {
      const hint = 'Nothing was changed, as far as is known. Try again.';
      throw new CliError(message, { exitCode: exitCodes.unreachable, hint });
    }
    if (error instanceof NotFound) throw new CliError(message, { exitCode: exitCodes.unreachable });
    if (error instanceof Terminal) {
      const hint = 'Nothing was changed. Region and credentials come from the AWS_* variables.';
      throw new CliError(message, { exitCode: exitCodes.refused, hint });
    }
    if (error instanceof Conflict) {
      throw new CliError(message, { exitCode: exitCodes.refused, hint: 'Nothing was changed.' });
    }
    throw error;
  }
}

/** Who works here, for the record. CloudTrail has the proof. */
export function operator(): string {
  return `${userName()}@${hostname()}`;
}
