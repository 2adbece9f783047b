import { readFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Cluster } from '@kubernetes/client-node/dist/config_types.js';
import { Terminal, whyUnread } from '../errors.ts';
import { defined } from '../model/defined.ts';
import { kubeConfigSignIn } from './kubeconfigSignIn.ts';
import type { SignIn } from './transport.ts';

/**
 * `authority`: the certificates that vouch for the server; '' where the public ones do. `namespace`: what the
 * context itself names.
 */
export type Context = {
  signIn: SignIn;
  name: string;
  server: string;
  authority: string;
  namespace?: string;
};

/**
 * One context of a kubeconfig, with whatever it signs in by: a token, a certificate, a program. Of several
 * files, those that are missing do not matter, and what an earlier one says wins, entry by entry.
 * Throws Terminal when there is no such file or context.
 */
export function contextOf(from: string | string[], context?: string): Context {
  const files = typeof from === 'string' ? [from] : from;
  const kubeConfig = readFrom(from);
  const names = kubeConfig.getContexts().map((each) => each.name);
  const name = context ?? kubeConfig.getCurrentContext();
  if (!names.includes(name)) {
    const list = names.length > 0 ? names.join(', ') : 'none';
    throw new Terminal(
      `the kubeconfig ${files.join(', ')} has no context ${name || '(current)'}; it has: ${list}`,
    );
  }
  kubeConfig.setCurrentContext(name);
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) {
    const where = files.join(', ');
    throw new Terminal(`the context ${name} of ${where} names no cluster that is there`);
  }
  const { server } = cluster;
  const namespace = kubeConfig.getContextObject(name)?.namespace || undefined;
  return {
    ...{ signIn: kubeConfigSignIn(kubeConfig), name, server, authority: authorityOf(cluster) },
    ...defined({ namespace }),
  };
}

/** The names of its contexts. Throws as `contextOf` does. */
export function kubeconfigContexts(from: string | string[]): string[] {
  return readFrom(from)
    .getContexts()
    .map(({ name }) => name);
}

function readFrom(from: string | string[]): KubeConfig {
  return typeof from === 'string' ? loaded(from) : merged(from);
}

function loaded(file: string): KubeConfig {
  const kubeConfig = new KubeConfig();
  try {
    kubeConfig.loadFromFile(file);
  } catch (error) {
    // An excerpt would show what is in it, secrets too.
    throw new Terminal(`cannot read the kubeconfig ${file}: ${whyUnread(error)}`, { cause: error });
  }
  return kubeConfig;
}

function merged(files: string[]): KubeConfig {
  const found = files.flatMap((file) => {
    try {
      return [loaded(file)];
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
      if (code === 'ENOENT') return [];
      throw error;
    }
  });
  if (found.length === 0) {
    throw new Terminal(`there is no kubeconfig: looked for ${files.join(', ')}`);
  }
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: firstOfName(found.flatMap(({ clusters }) => clusters)),
    users: firstOfName(found.flatMap(({ users }) => users)),
    contexts: firstOfName(found.flatMap(({ contexts }) => contexts)),
    currentContext: found.map((each) => each.currentContext).find(Boolean) ?? '',
  });
  return kubeConfig;
}

function firstOfName<T extends { name: string }>(all: T[]): T[] {
  return all.filter((each, index) => all.findIndex(({ name }) => name === each.name) === index);
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
