import { readFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Cluster } from '@kubernetes/client-node/dist/config_types.js';
import { Terminal, whyUnread } from '../errors.ts';
import { kubeConfigSignIn } from './kubeconfigSignIn.ts';
import type { SignIn } from './transport.ts';

/** `authority`: the certificates that vouch for the server; '' where the public ones do. */
export type Context = { signIn: SignIn; name: string; server: string; authority: string };

/**
 * One context of a kubeconfig, with whatever it signs in by: a token, a certificate, a program.
 * Throws Terminal when there is no such file or context.
 */
export function contextOf(file: string, context?: string): Context {
  const kubeConfig = new KubeConfig();
  try {
    kubeConfig.loadFromFile(file);
  } catch (error) {
    // An excerpt would show what is in it, secrets too.
    throw new Terminal(`cannot read the kubeconfig ${file}: ${whyUnread(error)}`);
  }
  const names = kubeConfig.getContexts().map(({ name }) => name);
  const name = context ?? kubeConfig.getCurrentContext();
  if (!names.includes(name)) {
    const list = names.length > 0 ? names.join(', ') : 'none';
    throw new Terminal(
      `the kubeconfig ${file} has no context ${name || '(current)'}; it has: ${list}`,
    );
  }
  kubeConfig.setCurrentContext(name);
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) {
    throw new Terminal(`the context ${name} of ${file} names no cluster that is there`);
  }
  const { server } = cluster;
  return { signIn: kubeConfigSignIn(kubeConfig), name, server, authority: authorityOf(cluster) };
}

function authorityOf({ caData, caFile }: Cluster): string {
  if (caData) return Buffer.from(caData, 'base64').toString();
  try {
    return caFile ? readFileSync(caFile, 'utf8') : '';
  } catch {
    // Whoever signs in says so.
    return '';
  }
}
