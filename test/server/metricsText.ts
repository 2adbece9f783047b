// Reads the text format of Prometheus, strictly: what a line must not be throws.

export type Read = {
  help: string;
  type: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
};

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)/y;
const suffixes: Record<string, string[]> = {
  ...{ counter: [''], gauge: [''], histogram: ['_bucket', '_sum', '_count'] },
};

/** By the name of the metric. */
export function readMetrics(text: string): Map<string, Read> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Read>();
  let current: [string, Read] | undefined;
  const seen = new Set<string>();
  for (const line of text.split('\n').slice(0, -1)) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (word === 'HELP') {
      if (!metricName.test(name) || families.has(name)) throw new Error(`${name} comes twice`);
      current = [name, { help: rest, type: '', samples: [] }];
      families.set(...current);
    } else if (word === 'TYPE') {
      if (current?.[0] !== name || !(rest in suffixes)) throw new Error(line);
      current[1].type = rest;
    } else {
      const sample = sampleOf(line);
      const [family = '', read] = current ?? [];
      const isIts = suffixes[read?.type ?? '']?.some((each) => sample.name === family + each);
      if (!isIts || seen.has(line.replace(/ \S+$/, ''))) throw new Error(line);
      seen.add(line.replace(/ \S+$/, ''));
      read?.samples.push(sample);
    }
  }
  for (const [name, read] of families) if (read.type === 'histogram') checkHistogram(name, read);
  return families;
}

function sampleOf(line: string): Read['samples'][number] {
  const [, name, labelsText = '', number = ''] = sampleLine.exec(line) ?? [];
  const value = Number(number.replace('Inf', 'Infinity'));
  if (name === undefined || Number.isNaN(value)) throw new Error(line);
  const labels: Record<string, string> = {};
  labelPair.lastIndex = 0;
  while (labelPair.lastIndex < labelsText.length) {
    const [, label, text = ''] = labelPair.exec(labelsText) ?? [];
    if (label === undefined || label in labels) throw new Error(line);
    labels[label] = text.replaceAll(/\\(.)/g, (_, sign) => (sign === 'n' ? '\n' : sign));
  }
  return { name, labels, value };
}

/** Buckets rise, and the last is all of them. */
function checkHistogram(name: string, { samples }: Read): void {
  const groups = Map.groupBy(samples, ({ labels: { le: _, ...rest } }) => JSON.stringify(rest));
  for (const group of groups.values()) {
    const buckets = group.filter((each) => each.name === `${name}_bucket`);
    const values = buckets.map(({ value }) => value);
    const count = group.find((each) => each.name === `${name}_count`)?.value;
    const isRising = values.every((value, index) => value >= (values[index - 1] ?? 0));
    const isWhole = buckets.at(-1)?.labels.le === '+Inf' && values.at(-1) === count;
    if (!isRising || !isWhole) throw new Error(`${name} is no histogram`);
  }
}
