import { Terminal } from '../../errors.ts';
import type { AnalysisRun, Metric } from '../../model/argo.generated.ts';
import type { HttpRequest } from '../../model/httpRequest.ts';
import type { KubernetesObject } from '../../model/kinds.ts';
import { metricNameAnnotation } from '../../model/names.ts';
import type { Http, MetricAws } from '../../world.ts';
import { providerFieldOf, type Said, wires } from './wire.ts';

// Metrics whose values somebody says beforehand, in the order in which they are measured; the last one is
// said again and again.

/** By the metric's name. */
export type Sayings = ReadonlyMap<string, readonly [Said, ...Said[]]>;

export type SaidMetrics = {
  http: Http;
  aws: MetricAws;
  /** How the pods of a Job of a metric end. */
  exitCode: (job: KubernetesObject) => number | undefined;
  /** What a run has measured so far: it decides which value is next. */
  note: (run: AnalysisRun) => void;
  /** Whether a value is left that was not measured yet. */
  isLeft: (name: string) => boolean;
};

/** `metrics`: those of the templates, as `simulated` of templates.ts makes them. */
export function saidMetrics(metrics: readonly Metric[], sayings: Sayings): SaidMetrics {
  const taken = new Map<string, Map<string, number>>();
  const takenOf = (name: string): number =>
    [...taken.values()].reduce((sum, run) => sum + (run.get(name) ?? 0), 0);
  // A turn that is taken again asks again: what counts is what was written down.
  const saidOf = (name: string): Said => {
    const said = sayings.get(name) ?? [{ value: 'taken to be good' }];
    return said[Math.min(takenOf(name), said.length - 1)] ?? said[0];
  };
  const metricOf = (nonce: string): Metric => {
    const found =
      metrics.find(({ name }) => name === nonce) ??
      metrics.find(({ name }) => name === nonce.replace(/ \d+$/, ''));
    if (found === undefined) throw new Terminal(`nobody says what ${nonce} measures`);
    return found;
  };
  const answerTo = (nonce: string, request?: HttpRequest): unknown => {
    const metric = metricOf(nonce);
    const said = saidOf(metric.name);
    if ('error' in said) throw new Terminal(said.error);
    const field = providerFieldOf(metric) ?? '';
    return wires[field]?.answer?.(said.value, { metric, request });
  };
  return {
    http: async ({ http }) => ({
      ...{ status: 200, headers: {} },
      body: String(answerTo(http.nonce, http)),
    }),
    aws: {
      metricData: async ({ nonce }) => answerTo(nonce) as never,
      invokeFunction: async ({ nonce }) => ({ payload: String(answerTo(nonce)) }),
    },
    exitCode: (job) => {
      const said = saidOf(job.metadata?.annotations?.[metricNameAnnotation] ?? '');
      return 'value' in said && typeof said.value === 'number' ? said.value : 0;
    },
    note: ({ metadata, status }) => {
      const counts = (status?.metricResults ?? []).map(
        ({ name, count = 0, error = 0 }) => [name, count + error] as const,
      );
      taken.set(metadata?.uid ?? '', new Map(counts));
    },
    isLeft: (name) => takenOf(name) < (sayings.get(name)?.length ?? 0),
  };
}
