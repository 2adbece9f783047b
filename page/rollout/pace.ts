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
