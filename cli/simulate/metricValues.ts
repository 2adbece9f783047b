import { InvalidArgumentError } from 'commander';
import type { Metric } from '../../lib/model/argo.generated.ts';
import { nearestName } from '../../lib/model/nearest.ts';
import type { Sayings } from '../../lib/simulate/metrics/said.ts';
import { providerFieldOf, type Said, wires } from '../../lib/simulate/metrics/wire.ts';
import type { Objects } from '../../server/apply.ts';
import { CliError, exitCodes, usageError } from '../exit.ts';

// What metrics are to measure in a simulated release: --metric success-rate=0.99,0.97,0.2

export const metricHelp = `
What a metric measures stands in --metric, in order; the last value is measured again and again:
  a number     the one sample of Prometheus, Graphite, InfluxDB (result[0], or result of a query scalar(...)),
               the one value of each query of CloudWatch (result[0].Values[0]), the result itself of Datadog,
               Wavefront, serin/lambda and web (whatever its jsonPath is), the score of Kayenta, and the exit
               code of a Job
  [1,2]        several samples, where there can be some; for web and serin/lambda a list
  {"rate":1}   an object, for web, serin/lambda, and for New Relic and SkyWalking, which answer objects only
  null         no data; NaN, +Inf and -Inf are numbers
  any word     an error of the provider with that text, such as error or timeout
A metric without --metric succeeds, whatever its conditions; the timeline says so.`;

type Given = Map<string, [Said, ...Said[]]>;

/** For commander: one more `--metric`. */
export function metricValues(text: string, before: Given): Given {
  const [, name = '', values = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  const [first, ...others] = itemsOf(values).map(saidBy);
  if (first === undefined || itemsOf(values).includes('')) {
    throw new InvalidArgumentError('Write it like success-rate=0.99,0.97,0.2.');
  }
  if (before.has(name)) {
    throw new InvalidArgumentError(`${name} has its values already; put them all in one --metric.`);
  }
  return new Map([...before, [name, [first, ...others]]]);
}

/** A comma within brackets, braces or quotes belongs to a value. */
function itemsOf(text: string): string[] {
  const items = [''];
  let depth = 0;
  for (const [part] of text.matchAll(/"(?:[^"\\]|\\.)*"|./gs)) {
    if (/^[[{]$/.test(part)) depth += 1;
    if (/^[\]}]$/.test(part)) depth -= 1;
    if (part === ',' && depth === 0) items.push('');
    else items.push(`${items.pop()}${part}`);
  }
  return items.map((item) => item.trim());
}

const numbers = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['+inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
]);

function saidBy(text: string): Said {
  const number = numbers.get(text.toLowerCase());
  if (number !== undefined) return { value: number };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    if (/^[[{"]/.test(text)) throw new InvalidArgumentError(`${text} is no JSON.`);
    return { error: text };
  }
}

/** All metrics of the files' templates. */
export function metricsIn({ AnalysisTemplate, ClusterAnalysisTemplate }: Objects): Metric[] {
  const templates = [...AnalysisTemplate, ...ClusterAnalysisTemplate];
  return templates.flatMap(({ spec }) => spec?.metrics ?? []);
}

/** Refuses a name that no template has, and a value that its provider cannot answer. */
export function checkValues(given: Sayings, metrics: readonly Metric[]): void {
  for (const [name, values] of given) {
    const found = metrics.filter((metric) => metric.name === name);
    if (found.length === 0) throw unknownMetric(name, metrics);
    for (const metric of found) {
      const field = providerFieldOf(metric) ?? '';
      for (const said of values) {
        const fault = 'error' in said ? jobFault(field) : wires[field]?.takes(said.value);
        if (fault !== undefined) throw badValue(name, said, fault);
      }
    }
  }
}

/** What becomes of a Job is an exit code, or nothing. */
function jobFault(field: string): string | undefined {
  return field === 'job' ? wires.job?.takes(undefined) : undefined;
}

function badValue(name: string, said: Said, fault: string): CliError {
  const text = 'error' in said ? said.error : String(JSON.stringify(said.value));
  return usageError(`--metric ${name}: ${text} ${fault}`, '`serin help simulate` has the values.');
}

function unknownMetric(name: string, metrics: readonly Metric[]): CliError {
  const names = [...new Set(metrics.map((metric) => metric.name))];
  const near = nearestName(name, names);
  const known = names.length === 0 ? 'no AnalysisTemplate at all' : names.join(', ');
  return new CliError(`no template in the files has a metric ${name}`, {
    exitCode: exitCodes.usage,
    hint:
      near === undefined
        ? `Give the files of the templates too; these have: ${known}.`
        : `Did you mean ${near}?`,
  });
}
