import type { AnalysisTemplateSpec, Metric } from '../../model/argo.generated.ts';
import { isRecord } from '../../model/gotypes.ts';
import type { Sayings } from './said.ts';

// Templates as a simulation has them: they ask for nothing that is not there.

/** A template whose metrics are as `sayings` has them. Of a metric that it leaves out nothing is judged. */
export function simulatedTemplate(
  spec: AnalysisTemplateSpec,
  sayings: Sayings,
): AnalysisTemplateSpec {
  return { ...spec, metrics: (spec.metrics ?? []).map((each) => simulatedMetric(each, sayings)) };
}

/** What is taken to be good, at the address of server.ts. */
const good = { web: { url: 'http://metrics/simulated/value/"taken to be good"' } };

function simulatedMetric(metric: Metric, sayings: Sayings): Metric {
  const { provider = {} } = metric;
  if (sayings.has(metric.name)) return { ...metric, provider: reached(provider) };
  // What ends by itself keeps its time.
  if (provider.job !== undefined || Object.keys(provider).length === 0) return metric;
  const { successCondition: _, failureCondition: __, ...rest } = metric;
  return { ...rest, provider: good };
}

/** The value that is said is what a path would find; credentials lie where `credentials` has them. */
function reached(provider: NonNullable<Metric['provider']>): NonNullable<Metric['provider']> {
  const { web, datadog, newRelic, influxdb, wavefront, kayenta } = provider;
  if (web) return { web: { ...web, jsonPath: '{$}' } };
  if (datadog) return { datadog: { ...datadog, secretRef: {} } };
  if (newRelic) return { newRelic: { ...newRelic, profile: '' } };
  if (influxdb) return { influxdb: { ...influxdb, profile: '' } };
  if (wavefront) return { wavefront: { ...wavefront, address: 'wavefront' } };
  if (kayenta) return { kayenta: { ...kayenta, canaryConfigName: 'simulated' } };
  return provider;
}

type SecretTexts = { namespace: string; name: string; texts: Record<string, string> };

/** Where Argo's controller has the credentials of its providers. */
const namespace = 'argo-rollouts';
export const credentials: readonly SecretTexts[] = [
  { namespace, name: 'datadog', texts: { 'api-key': 'simulated', 'app-key': 'simulated' } },
  { namespace, name: 'newrelic', texts: { 'personal-api-key': 'simulated', 'account-id': '1' } },
  { namespace, name: 'wavefront-api-tokens', texts: { wavefront: 'simulated' } },
  {
    ...{ namespace, name: 'influxdb' },
    texts: { authToken: 'simulated', address: 'http://influxdb', org: 'simulated' },
  },
];

/** The Secrets that arguments come from, wherever they are named. */
export function secretsNamed(value: unknown): { name: string; key: string }[] {
  if (Array.isArray(value)) return value.flatMap(secretsNamed);
  if (!isRecord(value)) return [];
  const { secretKeyRef: ref, ...others } = value;
  const named =
    isRecord(ref) && typeof ref.name === 'string' && typeof ref.key === 'string'
      ? [{ name: ref.name, key: ref.key }]
      : [];
  return [...named, ...Object.values(others).flatMap(secretsNamed)];
}
