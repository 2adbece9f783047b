import { describe, expect, it } from 'vitest';
import type { ComingView } from '../../lib/model/view.ts';
import type { Rollout } from '../../page/api/answers.ts';
import { comingLines } from '../../page/rollout/comingText.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const minuteMs = 60_000;
const steps = ['setWeight', 'pause', 'setWeight', 'pause', 'analysis', 'setHeaderRoute'].map(
  (kind) => ({ kind, text: `${kind} as it is written` }),
);

function lines(coming: ComingView | undefined): string[] {
  const view = { steps, ...(coming && { coming }) } as Rollout;
  return comingLines(view, now).map(({ when, what }) => `${when}: ${what}`);
}

const pods = { newPods: 1, oldPods: 3 };
const halves = { setWeight: 50, newPods: 2, oldPods: 2 };
const rest = [
  { index: 1, setWeight: 25, ...pods, lastsMs: 5 * minuteMs },
  { index: 2, ...halves },
  { index: 3, ...halves, awaits: 'person' as const },
  { index: 4, ...halves, awaits: 'analysis' as const },
  { index: 5, ...halves },
  { index: 6, setWeight: 100, newPods: 4, oldPods: 0 },
];

describe('what comes next, in words', () => {
  it('has the time until each step, as far as that is known', () => {
    expect(lines({ steps: rest })).toEqual([
      'next: a pause of 5 min',
      'in 5 min: 50 %: 2 new pods, 2 old',
      'in 5 min: a pause until somebody promotes it',
      'then: an analysis, which has to succeed',
      'then: setHeaderRoute as it is written',
      'then: promoted: 4 new pods',
    ]);
  });

  it('begins with the end of the pause that it is at', () => {
    const [, ...after] = rest;
    const [first] = lines({ until: now + 3 * minuteMs, steps: after });
    expect(first).toBe('in 3 min: 50 %: 2 new pods, 2 old');
    // The server says when it is over.
    expect(lines({ until: now - minuteMs, steps: after })[0]).toMatch(/^next:/);
  });

  it('is told from a promote on while somebody is waited for', () => {
    const [first, second] = lines({ awaits: 'person', steps: rest });
    expect([first, second]).toEqual([
      'then: a pause of 5 min',
      '5 min later: 50 %: 2 new pods, 2 old',
    ]);
  });

  it('is nothing where the server tells nothing', () => {
    expect(lines(undefined)).toEqual([]);
  });
});
