import type { Rollout } from '../api/answers.ts';

const afterActMs = 1000;
const afterActForMs = 20_000;
const paces: Record<string, number> = { Progressing: 2000, Paused: 5000 };
const restMs = 30_000;
const afterUntilMs = 500;

/** How long to wait before the next look. `now` and what the rollout names are of the server's clock. */
export function paceOf(
  view: Pick<Rollout, 'phase' | 'reasons'> | undefined,
  now: number,
  actedAt: number | undefined,
): number {
  if (view === undefined) return paces.Progressing ?? restMs;
  const isAfterAct = actedAt !== undefined && now - actedAt < afterActForMs;
  const pace = isAfterAct ? afterActMs : (paces[view.phase] ?? restMs);
  const until = view.reasons[0]?.until;
  if (until === undefined) return pace;
  return Math.min(pace, Math.max(afterActMs, until - now + afterUntilMs));
}

const lookMinMs = 10_000;
const lookMaxMs = 120_000;
const lookUnknownMs = 20_000;
/** A measurement takes a moment. */
const measuredAfterMs = 3000;

/**
 * How long to wait before the cluster is looked into again for measurements: until the next is likely, by how
 * far apart the last two were.
 */
export function measuringPaceOf(view: Pick<Rollout, 'revisions'> | undefined, now: number): number {
  const runs = view?.revisions.flatMap(({ analysisRuns = [] }) => analysisRuns) ?? [];
  const waits = runs
    .filter(({ status }) => status === 'Running')
    .flatMap(({ metrics = [] }) => metrics)
    .filter(({ phase }) => phase === 'Running')
    .flatMap(({ measurements }) => {
      const [before, last] = measurements
        .slice(-2)
        .map(({ startedAt = '' }) => Date.parse(startedAt));
      if (before === undefined || last === undefined) return [];
      const next = last + (last - before) + measuredAfterMs;
      // One that is late may be later still.
      return next > now ? next - now : (last - before) / 2;
    })
    .filter(Number.isFinite);
  const wait = waits.length === 0 ? lookUnknownMs : Math.min(...waits);
  return Math.min(lookMaxMs, Math.max(lookMinMs, wait));
}
