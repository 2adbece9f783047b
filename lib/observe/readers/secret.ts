import { MissingRight, Terminal } from '../../errors.ts';
import { own } from '../../model/own.ts';
import type { SecretRead } from '../../model/reads.ts';
import type { Sources } from '../ask.ts';

/** Messages name where a secret is, and never what it says. */
export async function readSecret(
  { cluster, secrets }: Pick<Sources, 'cluster' | 'secrets'>,
  { secret }: SecretRead,
): Promise<string> {
  if (!('namespace' in secret)) return await (await secrets())(secret);
  const { namespace, name, key } = secret;
  const found = cluster.get({ kind: 'Secret', namespace, name });
  const { data } = await found.catch((error: unknown) => {
    if (!(error instanceof MissingRight)) throw error;
    const remedy = `add ${namespace}/${name} to the chart's value metrics.secrets`;
    throw new MissingRight(`secret ${namespace}/${name} may not be read: ${remedy}`, remedy);
  });
  const value = own(data as Record<string, string> | undefined, key);
  // argo v1.10.1 analysis/analysis.go
  if (value === undefined) throw new Terminal(`key '${key}' does not exist in secret '${name}'`);
  return Buffer.from(value, 'base64').toString('utf8');
}
