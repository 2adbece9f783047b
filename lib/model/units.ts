/** Milliseconds since the epoch. Everything Serin computes with; Kubernetes times are strings. */
export type Millis = number;

export const secondMs = 1000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;

/** Kubernetes' form of a time: whole seconds, UTC. Rounds down, as metav1.Time does. */
export function toTime(at: Millis): string {
  return `${new Date(Math.floor(at / secondMs) * secondMs).toISOString().slice(0, 19)}Z`;
}

/** As `toTime`, rounded up: for the start of something that must not end too early. */
export function toTimeUp(at: Millis): string {
  return toTime(Math.ceil(at / secondMs) * secondMs);
}

/** The instant an RFC 3339 time names, or NaN when it is not one. */
export function fromTime(time: string): Millis {
  return Date.parse(time);
}

/** ISO 8601 with milliseconds, for what people and the ledger read. */
export function toIso(at: Millis): string {
  return new Date(at).toISOString();
}

/** In nanoseconds, which Go counts durations in. */
const goUnits: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Go has no limit; nobody writes more, and who does is not to hold everybody up. */
const durationLengthMax = 64;

/** Milliseconds of a Go duration such as `1h2m3.5s`, or undefined when Go would refuse it. */
export function parseGoDuration(text: string): Millis | undefined {
  if (text.length > durationLengthMax) return undefined;
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0;
  const part = /(?=\.?\d)(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/y;
  let total = 0n;
  let end = 0;
  for (let match = part.exec(body); match !== null; match = part.exec(body)) {
    const [, whole = '', fraction = '', name = ''] = match;
    const unit = goUnits[name] ?? 0;
    // Whole nanoseconds: 32.8m in floating milliseconds would be a second short.
    const rest = Math.trunc(Number(fraction) * (unit / 10 ** fraction.length));
    total += BigInt(whole) * BigInt(unit) + BigInt(rest);
    end = part.lastIndex;
  }
  return end === body.length && end > 0 ? sign * Number(total / 1_000_000n) : undefined;
}

/** Why Go refuses a duration, in its words; undefined where it takes it. */
export function goDurationFault(text: string): string | undefined {
  if (parseGoDuration(text) !== undefined) return undefined;
  const quoted = JSON.stringify(text);
  const sound = /^(?:(?=\.?\d)\d*(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h)(?=[.\d]))+/;
  const rest = text.replace(/^[+-]/, '').replace(sound, '');
  const [, number = '', unit = ''] = /^(\d*\.?\d*)([^.\d]*)/.exec(rest) ?? [];
  if (!/\d/.test(number)) return `time: invalid duration ${quoted}`;
  if (unit === '') return `time: missing unit in duration ${quoted}`;
  return `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`;
}

/**
 * Whole seconds of a pause's duration: an integer, a string of digits, or a Go duration, whose
 * fraction is cut off. -1 when it is none of these. argo v1.10.1 pkg/apis/rollouts/v1alpha1/types.go
 */
export function durationSeconds(duration: number | string): number {
  if (typeof duration === 'number') return duration;
  const isPlain = /^[+-]?\d+$/.test(duration);
  const durationMs = isPlain ? Number(duration) * secondMs : parseGoDuration(duration);
  const seconds = durationMs === undefined ? -1 : Math.trunc(durationMs / secondMs);
  // Go's int32: a longer pause is refused.
  return Math.abs(seconds) < 2 ** 31 ? seconds : -1;
}

/** Whether two texts name the same second, however they are written. */
export function isSameTime(left: string, right: string | undefined): boolean {
  const second = (time: string): number => Math.floor(fromTime(time) / secondMs);
  return left === right || (!!right && second(left) === second(right));
}

/** A span as people say it: `45s`, `1m30s`, `2h5m`, `3d4h`. The two largest units that matter. */
export function humanDuration(spanMs: Millis): string {
  const seconds = Math.max(0, Math.round(spanMs / secondMs));
  const units: [string, number][] = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return '0s';
  let rest = seconds;
  let text = '';
  for (const [unit, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}
