import { useState } from 'preact/hooks';
import type { Rollout } from '../api/answers.ts';
import { comingLines } from './comingText.ts';

/** What the steps to come will do, and when. Folded up where there is little room. */
export function Coming({ view, now }: { view: Rollout; now: number }) {
  const [isWide] = useState(() => matchMedia('(min-width: 800px)').matches);
  const lines = comingLines(view, now);
  if (lines.length === 0) return null;
  return (
    <details class="coming" open={isWide}>
      <summary>What comes next</summary>
      <ol aria-label="What comes next">
        {lines.map(({ when, what }, index) => (
          <li key={index}>
            <span class="quiet small">{when}</span>
            <span>{what}</span>
          </li>
        ))}
      </ol>
      <p class="quiet small">
        If nothing fails, and at the earliest: how long pods take to start is not in it.
      </p>
    </details>
  );
}
