import { inspect } from 'node:util';
import { InvalidArgumentError } from 'commander';
import type { RolloutKey } from '../lib/model/key.ts';
import type { LedgerEntry } from '../lib/model/record.ts';
import { toTime } from '../lib/model/units.ts';
import type { Log } from '../lib/world.ts';
import type { Io } from './io.ts';
import { plain, plainAll, plainLines } from './text.ts';

// What the commands have in common that stay until they are stopped.

export const portDefault = 7465;

/** A port, for commander. */
export function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number < 65_536) return number;
  throw new InvalidArgumentError('It must be a whole number up to 65535.');
}

export function stopped(stop: AbortSignal): Promise<unknown> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
}

export function happened(
  { namespace, name }: Pick<RolloutKey, 'namespace' | 'name'>,
  entry: LedgerEntry,
): string {
  const { at, actor, kind, text } = plainAll(entry);
  const who = actor.name === 'serin' ? '' : ` (${actor.name})`;
  return `${toTime(at)}  ${plain(`${namespace}/${name}`)}  ${kind}  ${text}${who}`;
}

/** `hasTimes`: each line begins with the time, as what happens does. */
export function logTo(io: Io, verbose: boolean, hasTimes = false): Log {
  const shown = verbose ? ['debug', 'info', 'warn', 'error'] : ['warn', 'error'];
  return (level, message, fields) => {
    if (!shown.includes(level)) return;
    const more = fields === undefined ? '' : ` ${inspectLine(fields)}`;
    // What an API server answered may be among the fields.
    const time = hasTimes ? `${now()}  ` : '';
    io.warn(`${time}${plainLines(`serin: ${level}: ${message}${more}`)}`);
  };
}

export function now(): string {
  return toTime(Date.now());
}

function inspectLine(fields: object): string {
  return inspect(fields, { breakLength: Number.POSITIVE_INFINITY, depth: 3 });
}
