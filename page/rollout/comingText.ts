import type { ComingStep, ComingView } from '../../lib/model/view.ts';
import type { Rollout } from '../api/answers.ts';
import { spoken } from '../parts/spoken.ts';

/** A line of what comes next. */
type Line = { when: string; what: string };

const soonMs = 1000;

/** What comes and when, at the earliest: `in 4 min`, or how long after what nobody knows the time of. */
export function comingLines({ coming, steps = [] }: Rollout, now: number): Line[] {
  if (coming === undefined) return [];
  let { from, sinceMs } = startOf(coming, now);
  return coming.steps.map((step) => {
    const line = {
      when: from === undefined ? laterText(sinceMs) : inText(from + sinceMs - now),
      what: whatText(step, steps[step.index]),
    };
    if (step.awaits === undefined) sinceMs += step.lastsMs ?? 0;
    else {
      from = undefined;
      sinceMs = 0;
    }
    return line;
  });
}

/** `from`: absent where it is not known. */
function startOf(
  { until, awaits }: ComingView,
  now: number,
): { from: number | undefined; sinceMs: number } {
  return { from: awaits === undefined ? Math.max(now, until ?? now) : undefined, sinceMs: 0 };
}

function inText(spanMs: number): string {
  return spanMs < soonMs ? 'next' : `in ${spoken(spanMs)}`;
}

function laterText(spanMs: number): string {
  return spanMs < soonMs ? 'then' : `${spoken(spanMs)} later`;
}

function whatText(step: ComingStep, spec: { kind: string; text: string } | undefined): string {
  const { setWeight, newPods, oldPods, lastsMs, awaits } = step;
  const pods = `${newPods} new ${newPods === 1 ? 'pod' : 'pods'}`;
  if (spec === undefined) return `promoted: ${pods}`;
  const sides = `${pods}, ${oldPods} old`;
  switch (spec.kind) {
    case 'setWeight':
      return `${setWeight} %: ${sides}`;
    case 'setCanaryScale':
      return sides;
    case 'pause':
      return awaits === undefined
        ? `a pause of ${spoken(lastsMs ?? 0)}`
        : 'a pause until somebody promotes it';
    case 'analysis':
      return 'an analysis, which has to succeed';
    case 'experiment':
      return lastsMs === undefined ? 'an experiment' : `an experiment of ${spoken(lastsMs)}`;
    default:
      return spec.text;
  }
}
