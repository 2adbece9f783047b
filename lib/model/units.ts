/** Milliseconds since the epoch. Everything Serin computes with; Kubernetes times are strings. */
export type Millis = number;

export const secondMs = 1000;
export const minuteMs = 60 * secondMs;

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

const goUnits: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: secondMs,
  m: minuteMs,
  h: 60 * minuteMs,
};

/** Milliseconds of a Go duration such as `1h2m3.5s`, or undefined when Go would refuse it. */
export function parseGoDuration(text: string): Millis | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0;
  const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
  let total = 0;
  let end = 0;
  for (let match = part.exec(body); match !== null; match = part.exec(body)) {
    total += Number(match[1]) * (goUnits[match[2] ?? ''] ?? Number.NaN);
    end = part.lastIndex;
  }
  return end === body.length && end > 0 ? sign * total : undefined;
}

/**
 * Whole seconds of a pause's duration: an integer, a string of digits, or a Go duration, whose
 * fraction is cut off. -1 when it is none of these. argo v1.10.1 pkg/apis/rollouts/v1alpha1/types.go
 */
export function durationSeconds(duration: number | string): number {
  if (typeof duration === 'number') return duration;
  if (/^[+-]?\d+$/.test(duration)) return Number(duration);
  const durationMs = parseGoDuration(duration);
  return durationMs === undefined ? -1 : Math.trunc(durationMs / secondMs);
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
