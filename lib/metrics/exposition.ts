/** By name. */
export type Labels = Readonly<Record<string, string>>;

/** One metric with all its series, as a Prometheus reads it. */
export type Family = {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  /** `suffix`: of a histogram's series: `_bucket`, `_sum`, `_count`. */
  samples: { labels: Labels; value: number; suffix?: string }[];
};

export function gauge(name: string, help: string, samples: Family['samples']): Family {
  return { name, help, type: 'gauge', samples };
}

/**
 * The text format of Prometheus, version 0.0.4. OpenMetrics would have each counter end in `_total`, and
 * those of Argo do not.
 */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8';

export function exposition(families: Family[]): string {
  return families.map(familyText).join('');
}

function familyText({ name, help, type, samples }: Family): string {
  const head = [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`];
  const lines = samples.map(
    ({ labels, value, suffix = '' }) =>
      `${name}${suffix}${labelsText(labels)} ${numberText(value)}`,
  );
  return `${[...head, ...lines].join('\n')}\n`;
}

function labelsText(labels: Labels): string {
  const all = Object.entries(labels);
  if (all.length === 0) return '';
  return `{${all.map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`).join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
