import { stringify } from 'yaml';
import { notificationConfigMap } from '../../lib/adopt/afterArgo.ts';
import { type Imported, importedFrom } from '../../lib/adopt/notifications.ts';
import { ifGone, Terminal, Transient } from '../../lib/errors.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import type { Env } from '../../server/dataFolder.ts';
import { CliError, exitCodes } from '../exit.ts';
import { type Call, sayJson } from '../io.ts';
import { contextIn, type KubeconfigOptions } from '../kubeconfig.ts';
import { plain } from '../text.ts';
import { ownUserAgent } from '../version.ts';

export type ImportOptions = KubeconfigOptions & { argoNamespace: string };

/** Prints the notifications of Argo Rollouts as `messages` of the settings, and says what is left out. */
export async function importSettings({ options, io }: Call<ImportOptions>) {
  const { channels, left } = await found(options, io.env, options.cluster);
  if (options.output === 'json') {
    sayJson(io, { messages: channels, left });
    return exitCodes.ok;
  }
  for (const { where, why } of left) io.warn(plain(`left out: ${where}: ${why}`));
  if (channels.length === 0) io.warn('Nothing is subscribed to that Serin tells of.');
  else {
    io.warn('Put the secrets where the references say, then add this to your settings:');
    io.write(stringify({ messages: channels }));
  }
  return exitCodes.ok;
}

async function found(
  options: ImportOptions,
  env: Env,
  cluster: string | undefined,
): Promise<Imported> {
  try {
    const { signIn } = contextIn(options, env);
    const live = kubernetesCluster({ signIn, doorbell: false, userAgent: ownUserAgent() });
    const place = { namespace: options.argoNamespace, name: notificationConfigMap };
    const [configMap, rollouts] = await Promise.all([
      live.get({ kind: 'ConfigMap', ...place }).catch(ifGone),
      live.list('Rollout', ''),
    ]);
    const { data = {} } = (configMap ?? {}) as { data?: Record<string, string> };
    return importedFrom(data, rollouts, cluster);
  } catch (error) {
    if (!(error instanceof Terminal || error instanceof Transient)) throw error;
    const hint =
      'Name a kubeconfig, and a context of it whose user may read Rollouts and ConfigMaps.';
    throw new CliError(error.message, { exitCode: exitCodes.unreachable, hint });
  }
}
