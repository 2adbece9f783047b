import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Timeline } from '../../lib/model/timeline.ts';
import { rolloutPath } from '../addresses.ts';
import type { Rollout } from '../api/answers.ts';
import { ask } from '../api/client.ts';
import type { Series } from '../lazy/chart.ts';
import { AsTable } from '../parts/asTable.tsx';
import { At } from '../parts/time.tsx';
import { Chart } from './chart.tsx';

const secondMs = 1000;
/** How often the line is drawn on to now. */
const drawnMs = 10 * secondMs;
/** An entry of the ledger is written a moment after what it tells of is seen. */
const settleMs = 800;

type Props = { view: Rollout; now: number };

/** How much went to the canary of this release, from its first step on. */
export function WeightsOverTime({ view, now }: Props) {
  const timeline = useTimeline(view);
  const points = timeline?.revision === view.revision ? timeline.points : [];
  const isUnderWay = view.step !== undefined && view.step.index < view.step.count && !view.aborted;
  const until = isUnderWay ? Math.floor(now / drawnMs) * drawnMs : undefined;
  const series = useMemo(() => seriesOf(points, until), [points, until]);
  if (points.length === 0) return null;
  return (
    <section aria-labelledby="over-time">
      <h2 id="over-time">Weights over time</h2>
      {series.at.length > 1 && (
        <>
          <Chart
            series={series}
            name="weight of the canary over time, asked for and actual; the table has the same"
          />
          <p class="key small" aria-hidden="true">
            <span class="key-actual">actual</span> <span class="key-asked">asked for</span> in
            percent
          </p>
        </>
      )}
      <AsTable
        summary={`${points.length} changes`}
        head={['From', 'Asked', 'Actual', 'Why']}
        class="small"
      >
        {points.map(({ at, setWeight, actualWeight, text }) => (
          <tr key={`${at} ${text}`}>
            <td class="nowrap">
              <At at={at} now={now} />
            </td>
            <td>{setWeight}</td>
            <td>{actualWeight}</td>
            <td>{text}</td>
          </tr>
        ))}
      </AsTable>
    </section>
  );
}

function seriesOf(points: Timeline['points'], until: number | undefined): Series {
  const last = points.at(-1);
  const isLater = last !== undefined && until !== undefined && until > last.at;
  const all = isLater ? [...points, { ...last, at: until }] : points;
  return {
    at: all.map(({ at }) => at / secondMs),
    values: all.map(({ actualWeight }) => actualWeight),
    asked: all.map(({ setWeight }) => setWeight),
    limits: [],
  };
}

/** Read when a weight or a step has changed. */
function useTimeline(view: Rollout): Timeline | undefined {
  const [timeline, setTimeline] = useState<Timeline>();
  const { revision, uid, phase, step, setWeight, actualWeight } = view;
  const path = `${rolloutPath(view)}/timeline?revision=${revision}`;
  const isCanary = step !== undefined;
  useEffect(() => {
    if (!isCanary) return;
    const end = new AbortController();
    const read = () =>
      ask<Timeline>(path, { signal: end.signal }).then(
        ({ body }) => body !== undefined && setTimeline(body),
        // An older server has none: the chart is left out.
        () => undefined,
      );
    const timer = setTimeout(() => void read(), timeline === undefined ? 0 : settleMs);
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [path, uid, phase, step?.index, setWeight, actualWeight, isCanary]);
  return timeline;
}
