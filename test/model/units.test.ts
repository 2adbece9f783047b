import { describe, expect, it } from 'vitest';
import {
  durationSeconds,
  fromTime,
  goDurationFault,
  humanDuration,
  parseGoDuration,
  toIso,
  toTime,
  toTimeUp,
} from '../../lib/model/units.ts';

const noon = Date.UTC(2026, 0, 31, 12);

describe('a time', () => {
  it.each([
    [noon, '2026-01-31T12:00:00Z', '2026-01-31T12:00:00Z'],
    [noon + 1, '2026-01-31T12:00:00Z', '2026-01-31T12:00:01Z'],
    [noon + 999, '2026-01-31T12:00:00Z', '2026-01-31T12:00:01Z'],
    [noon + 1000, '2026-01-31T12:00:01Z', '2026-01-31T12:00:01Z'],
  ])('%i has whole seconds', (at, down, up) => {
    expect([toTime(at), toTimeUp(at)]).toEqual([down, up]);
    expect(fromTime(toTime(at))).toBe(at - (at % 1000));
  });

  it('is read with any offset, and kept in milliseconds for people', () => {
    expect(fromTime('2026-01-31T13:00:00+01:00')).toBe(noon);
    expect(fromTime('soon')).toBeNaN();
    expect(toIso(noon + 7)).toBe('2026-01-31T12:00:00.007Z');
  });
});

describe('a duration', () => {
  // What Argo v1.10.1 answers to these; thousands more are in test/decide/rules.json.
  it.each<[number | string, number]>([
    [30, 30],
    [-1, -1],
    ['30', 30],
    ['+3', 3],
    ['007', 7],
    ['1h2m', 3720],
    ['.5s', 0],
    ['1.s', 1],
    ['1.5h', 5400],
    ['999ms', 0],
    ['1500us', 0],
    ['1µs', 0],
    ['3m0.5s', 180],
    ['0', 0],
    ['-1s', -1],
    ['32.8m', 1968],
    ['2147483647', 2147483647],
  ])('%j is %i seconds', (text, seconds) => {
    expect(durationSeconds(text)).toBe(seconds);
  });

  it.each([
    ...['1d', '', ' 1s', '1s ', '1_000', '1.5', '-', '+', '.', 's', '.s', '1..5s', '1S', '1m1'],
    ...['1e3s', '0x10', '1h-2m', '--1s', '٣s', '2147483648', '876000h', '99999999999999999999s'],
  ])('%j is none', (text) => {
    expect(durationSeconds(text)).toBe(-1);
  });

  it('in milliseconds keeps its fraction', () => {
    expect(parseGoDuration('1.5s')).toBe(1500);
    expect(parseGoDuration('-1h1ms')).toBe(-3_600_001);
    expect(parseGoDuration('1 s')).toBeUndefined();
  });

  it('is judged in the time of its length', () => {
    const digits = '1'.repeat(200_000);
    const began = performance.now();
    expect(goDurationFault(digits)).toBe(`time: missing unit in duration "${digits}"`);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it.each([
    [0, '0s'],
    [400, '0s'],
    [45_000, '45s'],
    [90_000, '1m30s'],
    [3_600_000, '1h'],
    [7_500_000, '2h5m'],
    [7_503_000, '2h5m'],
    [273_600_000, '3d4h'],
    [-5, '0s'],
  ])('of %i ms is said %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });
});
