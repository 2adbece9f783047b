import type { SimulatedCluster } from '../lib/simulate/cluster.ts';
import type { Sayings } from '../lib/simulate/metrics/said.ts';
import { credentials, secretsNamed, simulatedTemplate } from '../lib/simulate/metrics/templates.ts';
import type { Objects } from './apply.ts';

// Analyses on a simulated cluster, where nothing is that they could ask.

/** The same objects with templates that measure what `sayings` has, and succeed where it has nothing. */
export function withSaidMetrics(objects: Objects, sayings: Sayings): Objects {
  const said = <T extends Objects['AnalysisTemplate' | 'ClusterAnalysisTemplate'][number]>(
    template: T,
  ): T => ({ ...template, spec: simulatedTemplate(template.spec ?? {}, sayings) });
  return {
    ...objects,
    AnalysisTemplate: objects.AnalysisTemplate.map(said),
    ClusterAnalysisTemplate: objects.ClusterAnalysisTemplate.map(said),
  };
}

/** Credentials, and the arguments that lie in Secrets. */
export function applySecrets(cluster: SimulatedCluster, objects: Objects): void {
  const templates = [...objects.AnalysisTemplate, ...objects.ClusterAnalysisTemplate];
  for (const { texts, ...metadata } of credentials) applySecret(cluster, metadata, texts);
  for (const { metadata = {}, spec } of objects.Rollout) {
    const texts = new Map<string, Record<string, string>>();
    const named = secretsNamed([spec?.strategy, templates]);
    // `ssm:` and the like are no Secrets.
    for (const { name, key } of named.filter((each) => !each.name.includes(':'))) {
      texts.set(name, { ...texts.get(name), [key]: 'simulated' });
    }
    const { namespace = 'default' } = metadata;
    for (const [name, keys] of texts) applySecret(cluster, { namespace, name }, keys);
  }
}

function applySecret(
  cluster: SimulatedCluster,
  metadata: { namespace: string; name: string },
  texts: Record<string, string>,
): void {
  const entries = Object.entries(texts).map(([key, text]) => [key, btoa(text)]);
  cluster.apply('Secret', { metadata, data: Object.fromEntries(entries) });
}
