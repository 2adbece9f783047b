import type { Metric } from '../../../model/argo.generated.ts';
import { job } from './job.ts';
import { prometheus } from './prometheus.ts';
import type { MetricProvider } from './provider.ts';
import { remoteProviders } from './remote.ts';
import { web } from './web.ts';

/** All that metrics can come from. */
const providers: readonly MetricProvider[] = [prometheus, web, job, ...remoteProviders];

export function providerOf({ provider = {} }: Metric): MetricProvider | undefined {
  return providers.find(({ selects }) => selects(provider));
}
