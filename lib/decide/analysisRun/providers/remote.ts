import { cloudWatch } from './cloudWatch.ts';
import { datadog } from './datadog.ts';
import { graphite } from './graphite.ts';
import { influxDb } from './influxDb.ts';
import { kayenta } from './kayenta.ts';
import { lambda, otherPlugin } from './lambda.ts';
import { newRelic } from './newRelic.ts';
import type { MetricProvider } from './provider.ts';
import { skyWalking } from './skyWalking.ts';
import { wavefront } from './wavefront.ts';

/** The services that metrics come from, and what stands in the place of plugins. */
export const remoteProviders: readonly MetricProvider[] = [
  ...[cloudWatch, datadog, graphite, influxDb, kayenta, newRelic, skyWalking, wavefront],
  ...[lambda, otherPlugin],
];
