import { bucketsOf, helpOf, type MetricName, unitOf } from '../model/metrics.ts';
import type { Count } from '../world.ts';
import type { Family, Labels } from './exposition.ts';

/** A gauge is what was noted last. */
type Series = { labels: Labels; value: number; buckets: number[]; count: number };

export type Counted = {
  count: Count;
  /** Drops the series of a kind's objects that are gone. `names`: `NAMESPACE/NAME` of those there are. */
  keep: (prefix: string, names: ReadonlySet<string>) => void;
  families: () => Family[];
};

/** Keeps in this process what is counted, by name and labels. */
export function counted(): Counted {
  const known = new Map<string, Map<string, Series>>();
  return {
    count: (name, value = 1, labels = {}) => {
      const all = known.get(name) ?? new Map<string, Series>();
      known.set(name, all);
      const id = JSON.stringify(labels);
      const series = all.get(id) ?? {
        ...{ labels, value: 0, count: 0 },
        buckets: bucketsOf(name).map(() => 0),
      };
      all.set(id, series);
      noteIn(series, name, value);
    },
    keep: (prefix, names) => {
      for (const [metric, all] of known) {
        if (!metric.startsWith(prefix)) continue;
        for (const [id, { labels }] of all) {
          const isGone =
            labels.name !== undefined && !names.has(`${labels.namespace}/${labels.name}`);
          if (isGone) all.delete(id);
        }
      }
    },
    families: () =>
      [...known].map(([name, all]) => familyOf(name as MetricName, [...all.values()])),
  };
}

function noteIn(series: Series, name: MetricName, value: number): void {
  const type = typeOf(name);
  if (type === 'gauge') series.value = value;
  else series.value += value;
  if (type !== 'histogram') return;
  series.count += 1;
  for (const [index, bound] of bucketsOf(name).entries()) {
    if (value <= bound) series.buckets[index] = (series.buckets[index] ?? 0) + 1;
  }
}

const gauges: string[] = ['sweep_lateness_seconds', 'clusters_unreachable'];

function typeOf(name: MetricName): Family['type'] {
  if (gauges.includes(name)) return 'gauge';
  return unitOf(name) === 'seconds' ? 'histogram' : 'counter';
}

function familyOf(name: MetricName, all: Series[]): Family {
  const type = typeOf(name);
  const samples = all.flatMap((series) =>
    type === 'histogram'
      ? histogramOf(name, series)
      : [{ labels: series.labels, value: series.value }],
  );
  return { name, type, help: helpOf(name), samples };
}

function histogramOf(
  name: MetricName,
  { labels, value, buckets, count }: Series,
): Family['samples'] {
  const within = bucketsOf(name).map((bound, index) => ({
    labels: { ...labels, le: String(bound) },
    value: buckets[index] ?? 0,
    suffix: '_bucket',
  }));
  return [
    ...within,
    { labels: { ...labels, le: '+Inf' }, value: count, suffix: '_bucket' },
    { labels, value, suffix: '_sum' },
    { labels, value: count, suffix: '_count' },
  ];
}
