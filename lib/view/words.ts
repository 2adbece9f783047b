import { hourMs, type Millis, minuteMs, secondMs } from '../model/units.ts';

// The signs and words for what is shown, the same on a terminal as on the page.
// argo v1.10.1 pkg/kubectl-argo-rollouts/info/info.go

export const icons = {
  rollout: '⟳',
  revision: '#',
  replicaSet: '⧉',
  pod: '□',
  experiment: 'Σ',
  analysis: 'α',
  job: '⊞',
  ok: '✔',
  progressing: '◌',
  bad: '✖',
  paused: '॥',
  waiting: '◷',
  neutral: '•',
  warning: '⚠',
  unknown: '?',
} as const;

/** A sign by its name. */
export type Sign = keyof typeof icons;

export const phaseSigns: Record<string, Sign> = {
  Healthy: 'ok',
  Progressing: 'progressing',
  Paused: 'paused',
  Degraded: 'bad',
  ScaledDown: 'neutral',
  ReplicaFailure: 'bad',
  Error: 'warning',
  InvalidSpec: 'warning',
  Unknown: 'unknown',
};

/** argo v1.10.1 pkg/kubectl-argo-rollouts/info/experiment_info.go */
export const analysisSigns: Record<string, Sign> = {
  Successful: 'ok',
  Running: 'progressing',
  Pending: 'waiting',
  Failed: 'bad',
  Error: 'warning',
  Inconclusive: 'unknown',
};

/** argo v1.10.1 pkg/kubectl-argo-rollouts/info/pod_info.go */
const podSigns: [RegExp, Sign][] = [
  [/^Init:/, 'progressing'],
  [/^(Signal|ExitCode):/, 'bad'],
  [/^Err|Error$/, 'warning'],
  [/^(Pending|Terminating|ContainerCreating)$/, 'progressing'],
  [/^(Running|Completed)$/, 'ok'],
  [/^(Failed|InvalidImageName|CrashLoopBackOff)$/, 'bad'],
  [/^(ImagePullBackOff|RegistryUnavailable)$/, 'warning'],
  [/^Unknown$/, 'unknown'],
];

export function podSign(status: string): Sign | undefined {
  return podSigns.find(([pattern]) => pattern.test(status))?.[1];
}

/**
 * One line without control or invisible characters, for text from elsewhere: an image must not read in
 * another order than it is written.
 */
export function oneLine(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .trim();
}

/** A thing with every text in it changed so. */
export function everyText<T>(value: T, change: (text: string) => string): T {
  if (typeof value === 'string') return change(value) as T;
  if (Array.isArray(value)) return value.map((each) => everyText(each, change)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, each]) => [name, everyText(each, change)]);
  return Object.fromEntries(fields) as T;
}

const dayHours = 24;
const yearDays = 365;

/** A span as `kubectl get` prints ages: two or three significant figures. */
export function humanAge(spanMs: Millis): string {
  const seconds = Math.trunc(spanMs / secondMs);
  const minutes = Math.trunc(spanMs / minuteMs);
  const hours = Math.trunc(spanMs / hourMs);
  const days = Math.trunc(hours / dayHours);
  // Clocks differ; a second or two in the future is now.
  if (seconds < -1) return '<invalid>';
  if (seconds < 120) return `${Math.max(0, seconds)}s`;
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (days < 8) return two(days, 'd', hours % dayHours, 'h');
  if (days < 2 * yearDays) return `${days}d`;
  if (days < 8 * yearDays) {
    return two(Math.trunc(days / yearDays), 'y', days % yearDays, 'd');
  }
  return `${Math.trunc(days / yearDays)}y`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${large}${largeUnit}${small === 0 ? '' : `${small}${smallUnit}`}`;
}
