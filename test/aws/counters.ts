import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Scene } from './scene.ts';

// What a stretch of time used, in the units that AWS bills: what `npm run cost` makes a bill of.

type FunctionUse = { invocations: number; billedMs: number; memoryMb: number };

export type Used = {
  functions: Record<string, FunctionUse>;
  sqs: { send: number; receive: number; delete: number };
  dynamo: { writeUnits: number; readUnits: number };
  api: { requests: number };
  doorbell: { notices: number };
  logs: { bytes: number };
};

/** Everything since the scene began. */
export function used({ aws, pump, api, doorbell }: Scene): Used {
  const functions = [...aws.functions.values()].map(({ name, memoryMb, invocations }) => {
    const billedMs = sum(invocations.map((each) => each.billedMs));
    return [name, { invocations: invocations.length, billedMs, memoryMb }] as const;
  });
  const { calls } = aws.taps.dynamo;
  const logs = readdirSync(aws.dir).filter((file) => file.endsWith('.log'));
  return {
    functions: Object.fromEntries(functions),
    sqs: {
      send: aws.taps.sqs.calls.filter(({ operation }) => operation === 'SendMessage').length,
      receive: pump.receives(),
      delete: pump.deletes(),
    },
    dynamo: {
      writeUnits: sum(calls.map(({ writeUnits }) => writeUnits)),
      readUnits: sum(calls.map(({ readUnits }) => readUnits)),
    },
    api: { requests: api.requests.length },
    doorbell: { notices: doorbell.requests.length },
    logs: { bytes: sum(logs.map((file) => statSync(join(aws.dir, file)).size)) },
  };
}

/** What came to it between two counts. */
export function between(before: Used, after: Used): Used {
  return subtract(before, after) as Used;
}

function subtract(before: unknown, after: unknown, name = ''): unknown {
  if (typeof after === 'number') {
    return name === 'memoryMb' ? after : after - (typeof before === 'number' ? before : 0);
  }
  const known = (before ?? {}) as Record<string, unknown>;
  const entries = Object.entries(after as object).map(([each, value]) => [
    each,
    subtract(known[each], value, each),
  ]);
  return Object.fromEntries(entries);
}

function sum(numbers: number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}
