import { readFileSync } from 'node:fs';
import { Terminal, whyUnread } from '../errors.ts';
import { type Millis, minuteMs } from '../model/units.ts';
import type { Context } from './kubeconfig.ts';
import type { Access } from './transport.ts';

/** Where a kubelet puts what a pod's service account signs in with. */
const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';
/** A token is replaced long before it ends. */
const keptMs: Millis = minuteMs;

type Env = Record<string, string | undefined>;

/** Whether this is a pod that is told where its API server is. */
export function isInCluster({ KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT }: Env): boolean {
  return Boolean(KUBERNETES_SERVICE_HOST && KUBERNETES_SERVICE_PORT);
}

/**
 * The cluster that this process is a pod of, as its service account. The files are read again each minute,
 * and when what they said is refused. Throws Terminal when they cannot be read.
 */
export function inClusterContext(env: Env, folder = accountFolder): Context {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = env;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const read = (file: string): string => {
    try {
      return readFileSync(`${folder}/${file}`, 'utf8').trim();
    } catch (error) {
      const why = whyUnread(error);
      throw new Terminal(
        `cannot read the service account's ${folder}/${file}: ${why}; give the pod one, or name a kubeconfig`,
      );
    }
  };
  const authority = read('ca.crt');
  let kept: { access: Access; at: Millis } | undefined;
  const signIn = async ({ fresh }: { fresh: boolean }): Promise<Access> => {
    if (kept && !fresh && performance.now() - kept.at < keptMs) return kept.access;
    const ca = Buffer.from(read('ca.crt')).toString('base64');
    kept = { access: { server, ca, token: read('token') }, at: performance.now() };
    return kept.access;
  };
  return { signIn, name: 'in-cluster', server, authority };
}
