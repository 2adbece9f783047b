import { expect, it } from 'vitest';
import { measuringPaceOf } from '../../page/rollout/pace.ts';

const start = Date.parse('2026-11-22T10:00:00Z');
const secondMs = 1000;

/** A run with measurements so many seconds after the start. */
function viewWith(seconds: number[], phase = 'Running') {
  const measurements = seconds.map((second) => ({
    ...{ phase: 'Successful', value: '1', message: '' },
    startedAt: new Date(start + second * secondMs).toISOString(),
  }));
  const run = { status: 'Running', metrics: [{ phase, measurements }] };
  return { revisions: [{ revision: 2, replicaSets: [], analysisRuns: [run] }] } as never;
}

it.each([
  ['waits for the next measurement', viewWith([0, 60]), 70, 53],
  ['does not look more often than every 10 s', viewWith([0, 5]), 6, 10],
  ['does not wait for longer than two minutes', viewWith([0, 3600]), 3601, 120],
  ['comes back soon to what is late', viewWith([0, 60]), 130, 30],
  ['looks now and then at what has measured once', viewWith([0]), 1, 20],
  ['looks now and then where nothing goes on', viewWith([0, 60], 'Successful'), 61, 20],
  ['and where nothing is known', undefined, 0, 20],
])('the look for measurements %s', (_what, view, at, waits) => {
  expect(measuringPaceOf(view, start + at * secondMs)).toBe(waits * secondMs);
});
