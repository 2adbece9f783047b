import { useEffect, useRef, useState } from 'preact/hooks';
import type { Drawn, Series } from '../lazy/chart.ts';

/** A picture of what a table beside it says; where it cannot be loaded the table is all there is. */
export function Chart({ series, name }: { series: Series; name: string }) {
  const into = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn>(undefined);
  const latest = useRef(series);
  const [isMissing, setMissing] = useState(false);
  latest.current = series;
  useEffect(() => {
    let isOver = false;
    import('../lazy/chart.ts').then(
      ({ drawChart }) => {
        if (isOver || into.current === null) return;
        drawn.current = drawChart(into.current, latest.current);
      },
      () => setMissing(true),
    );
    return () => {
      isOver = true;
      drawn.current?.stop();
      drawn.current = undefined;
    };
  }, []);
  useEffect(() => drawn.current?.update(series), [series]);
  if (isMissing) return null;
  return <div ref={into} class="chart" role="img" aria-label={name} />;
}
