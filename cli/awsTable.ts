import { hostname } from 'node:os';
import { Terminal, Transient } from '../lib/errors.ts';
import type { Documents } from '../lib/world.ts';
import { CliError, exitCodes, usageError } from './exit.ts';
import type { Io } from './io.ts';
import { logTo } from './process.ts';
import { userName } from './server.ts';
import { plain } from './text.ts';

// What administrators do to the table themselves, with their own AWS credentials.

export type TableOptions = { table?: string };

export const tableOption = ['--table <name>', 'the table, if not SERIN_TABLE'] as const;

/** Opens the documents of the table that the command line or SERIN_TABLE names. */
export async function openDocuments({ table }: TableOptions, io: Io): Promise<Documents> {
  const name = table ?? io.env.SERIN_TABLE;
  if (!name) {
    throw usageError(
      'which table?',
      'Name it with --table or SERIN_TABLE; the deployment prints it.',
    );
  }
  // Loads what no other command needs.
  const { dynamoClient } = await import('../lib/store/client.ts');
  const { dynamoStore } = await import('../lib/store/table.ts');
  return dynamoStore({ client: dynamoClient(), table: name, log: logTo(io, false) }).documents;
}

/** Says what the table refused, in place of a stack trace. */
export async function orSay<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Terminal || error instanceof Transient)) throw error;
    const hint = 'Nothing was changed. Region and credentials come from the AWS_* variables.';
    throw new CliError(plain(error.message), { exitCode: exitCodes.unreachable, hint });
  }
}

/** Who works here, for the record. CloudTrail has the proof. */
export function operator(): string {
  return `${userName()}@${hostname()}`;
}
