import type { Measured, MetricProvider } from '../../lib/decide/analysisRun/providers/provider.ts';
import { remoteProviders } from '../../lib/decide/analysisRun/providers/remote.ts';
import { httpClient } from '../../lib/http/client.ts';
import type { AnalysisRun, Measurement, Metric } from '../../lib/model/argo.generated.ts';
import { asking } from '../../lib/observe/ask.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedCluster } from '../../lib/simulate/cluster.ts';
import { type MetricAws, unaskedMetrics } from '../../lib/world.ts';
import { openPolicy, server } from '../http/stage.ts';
import { noOthers } from '../noAws.ts';

/** 2026-01-31T12:00:00.500Z: what is asked in whole seconds is cut. */
export const now = Date.parse('2026-01-31T12:00:00.500Z');

const run: AnalysisRun = {
  metadata: { namespace: 'shop', name: 'web-1', uid: 'u-1' },
  status: { phase: 'Running', startedAt: '2026-01-31T11:50:00Z' } as never,
};

export type Scene = {
  /** By `namespace/name`. */
  secrets?: Record<string, Record<string, string>>;
  aws?: Partial<MetricAws>;
  measurement?: Measurement;
  /** Where an address that a provider fixes leads to. */
  instead?: (url: string) => string;
};

export function providerOf(metric: Metric): MetricProvider {
  const found = remoteProviders.filter(({ selects }) => selects(metric.provider ?? {}));
  const [provider, ...others] = found;
  if (provider === undefined || others.length > 0) throw new Error('not one provider');
  return provider;
}

/** One measurement as a turn takes it: round by round what is needed, and then the outcome. */
export async function measure(
  source: NonNullable<Metric['provider']>,
  { secrets = {}, aws = {}, measurement, instead = (url) => url }: Scene = {},
  more: Partial<Metric> = {},
): Promise<Measured | undefined> {
  const sim = simulatedCluster({ clock: virtualClock(now), seed: 1 });
  for (const [place, texts] of Object.entries(secrets)) {
    const [namespace = '', name = ''] = place.split('/');
    const entries = Object.entries(texts).map(([key, text]) => [key, btoa(text)]);
    sim.apply('Secret', { metadata: { namespace, name }, data: Object.fromEntries(entries) });
  }
  const http = httpClient({
    ...{ policy: openPolicy, userAgent: 'serin/test', service: async () => 'direct' as const },
    credentialsFor: async () => ({ accessKeyId: 'AKID', secretAccessKey: 'SECRET' }),
  });
  const { ask, answers } = asking({
    ...{ ...noOthers, cluster: sim.cluster },
    aws: async () => ({
      ...(await noOthers.aws().catch(() => sim.aws)),
      ...unaskedMetrics,
      ...aws,
    }),
    http: async () => (read, endsAt) =>
      http({ ...read, http: { ...read.http, url: instead(read.http.url) } }, endsAt),
  });
  const metric: Metric = { name: 'm', provider: source, ...more };
  const asked = {
    metric,
    run,
    cluster: 'prod',
    now,
    count: 2,
    ...(measurement && { measurement }),
  };
  const provider = providerOf(metric);
  for (let round = 0; await ask(provider.needs(asked, answers)); round += 1) {
    // A turn reads in four rounds, the first of which is the run's.
    if (round > 3) throw new Error('there is no end to it');
  }
  return provider.measured(asked, answers);
}

const common = { 'User-Agent': 'serin/test', 'Accept-Encoding': 'gzip' };
/** The headers of every request. */
export const at = (port: number) => ({ ...common, Host: `127.0.0.1:${port}` });
export const posted = (port: number, body: string) => ({
  ...at(port),
  'Content-Length': String(Buffer.byteLength(body)),
});

/** A service that gives the answers one after the other, the last one for ever. */
export async function service(...answers: { status?: number; body: string }[]) {
  return await server((_, response) => {
    const { status = 200, body } = (answers.length > 1 ? answers.shift() : answers[0]) ?? {
      body: '',
    };
    response.writeHead(status).end(body);
  });
}
