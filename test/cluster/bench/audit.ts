import { readFileSync } from 'node:fs';

type Line = {
  verb: string;
  userAgent?: string;
  requestURI: string;
  objectRef?: { resource?: string; subresource?: string };
  requestReceivedTimestamp: string;
};

export type Requests = {
  /** Other than watches. */
  all: number;
  /** Events not counted. */
  writes: number;
  statusWrites: number;
  reads: number;
};

/** What a program has asked of the API server in a span of time, from the audit log. */
export function requestsOf(log: string, agent: string, from: number, to: number): Requests {
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes(`"userAgent":"${agent}`))
    .map((line) => JSON.parse(line) as Line)
    .filter(({ requestReceivedTimestamp, verb }) => {
      const at = Date.parse(requestReceivedTimestamp);
      return at >= from && at <= to && verb !== 'watch';
    })
    // Leases are the controller's own affair, and Events are not counted.
    .filter(({ objectRef }) => !['leases', 'events'].includes(objectRef?.resource ?? ''));
  const isWrite = ({ verb }: Line) => ['create', 'update', 'patch', 'delete'].includes(verb);
  const writes = lines.filter(isWrite);
  return {
    all: lines.length,
    writes: writes.length,
    statusWrites: writes.filter(({ objectRef }) => objectRef?.subresource === 'status').length,
    reads: lines.length - writes.length,
  };
}
