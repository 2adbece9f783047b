import uPlot from 'uplot';

/** What was measured when, in seconds since the epoch; null where it was no number. */
export type Series = {
  at: number[];
  values: (number | null)[];
  limits: number[];
  /** Of weights, what was asked for: each holds until the next. */
  asked?: number[];
};

export type Drawn = { update: (series: Series) => void; stop: () => void };

const height = 160;

/** Draws measurements with the limits of their conditions, as wide as there is room. */
export function drawChart(into: HTMLElement, series: Series): Drawn {
  const colour = (name: string) => getComputedStyle(into).getPropertyValue(name).trim();
  const axis = () => ({
    stroke: colour('--quiet'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
  });
  const make = (shown: Series): uPlot =>
    new uPlot(
      {
        width: into.clientWidth,
        height,
        legend: { show: false },
        cursor: { show: false },
        axes: [
          { ...axis(), space: 90, values: timesOf },
          { ...axis(), size: 56 },
        ],
        scales: {
          x: { time: true },
          y: { range: (_plot, low, high) => rangeOf(low, high, shown.asked !== undefined) },
        },
        series: [
          {},
          shown.asked === undefined
            ? {
                stroke: colour('--stable'),
                width: 2,
                points: { show: true, size: 7 },
                spanGaps: false,
              }
            : { stroke: colour('--canary'), width: 2, ...stepped },
          ...(shown.asked === undefined
            ? []
            : [{ stroke: colour('--quiet'), width: 2, dash: [3, 5], ...stepped }]),
          ...shown.limits.map(() => ({
            ...{ stroke: colour('--bad'), width: 1, dash: [6, 4] },
            points: { show: false },
          })),
        ],
      },
      dataOf(shown),
      into,
    );
  let last = series;
  let plot = make(series);
  const again = () => {
    plot.destroy();
    plot = make(last);
  };
  const sizes = new ResizeObserver(() => plot.setSize({ width: into.clientWidth, height }));
  sizes.observe(into);
  // What is drawn on a canvas does not follow the colours of the page by itself.
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', again);
  return {
    update: (next) => {
      const isSameShape = next.limits.length === last.limits.length;
      last = next;
      if (isSameShape) plot.setData(dataOf(next));
      else again();
    },
    stop: () => {
      sizes.disconnect();
      scheme.removeEventListener('change', again);
      plot.destroy();
    },
  };
}

/** What holds until the next. */
const { stepped: steps } = uPlot.paths;
const stepped: Partial<uPlot.Series> = {
  ...(steps && { paths: steps({ align: 1 }) }),
  points: { show: false },
};

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

function timesOf(_plot: uPlot, at: number[]): string[] {
  return at.map((seconds) => clock.format(seconds * 1000));
}

function dataOf({ at, values, limits, asked }: Series): uPlot.AlignedData {
  return [at, values, ...(asked ? [asked] : []), ...limits.map((limit) => at.map(() => limit))];
}

/** A little room above and below, so that no line lies on the frame. */
function rangeOf(low: number | null, high: number | null, isWeight: boolean): [number, number] {
  if (isWeight) return [0, Math.max(100, high ?? 0)];
  const [from, to] = [low ?? 0, high ?? 1];
  const room = (to - from || Math.abs(to) || 1) / 10;
  return [from - room, to + room];
}
