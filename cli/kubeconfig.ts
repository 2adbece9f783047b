import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inClusterContext, isInCluster } from '../lib/kubernetes/inCluster.ts';
import { type Context, contextOf } from '../lib/kubernetes/kubeconfig.ts';
import type { Env } from '../server/dataFolder.ts';
import { usageError } from './exit.ts';
import { plain } from './text.ts';

export type KubeconfigOptions = { kubeconfig?: string; context?: string };

/** The files of `--kubeconfig`, and which context of them: what commands say of them in their help. */
export const kubeconfigOption = [
  '--kubeconfig <file>',
  'how to reach the cluster (default: the files of KUBECONFIG, or ~/.kube/config, or in a pod its cluster)',
] as const;
export const contextOption = [
  '--context <name>',
  'which context of the kubeconfig, if not the current one',
] as const;

/**
 * What is loaded, as kubectl does: the file that was named, or those of KUBECONFIG, merged, or the user's
 * own. Throws a usage error where there is nothing to look at.
 */
export function kubeconfigIn({ kubeconfig }: KubeconfigOptions, env: Env): string | string[] {
  if (kubeconfig !== undefined) return kubeconfig;
  const named = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  if (named.length > 0) return [...new Set(named)];
  const own = ownFile(env);
  if (existsSync(own)) return own;
  throw usageError(
    `which cluster? Neither --kubeconfig nor KUBECONFIG is set, and there is no ${own}`,
    'Name a kubeconfig with --kubeconfig FILE, or in KUBECONFIG.',
  );
}

function ownFile(env: Env): string {
  return join(env.HOME || homedir(), '.kube', 'config');
}

/** Whether nothing names a kubeconfig, and this is a pod: its cluster is meant then, as kubectl has it. */
export function isOfPod(options: KubeconfigOptions, env: Env): boolean {
  const isNamed = namesCluster(options) || Boolean(env.KUBECONFIG);
  return !isNamed && isInCluster(env) && !existsSync(ownFile(env));
}

/** The context that is meant. Throws Terminal when a file cannot be read or has no such context. */
export function contextIn(options: KubeconfigOptions, env: Env): Context {
  if (isOfPod(options, env)) return inClusterContext(env);
  return contextOf(kubeconfigIn(options, env), options.context);
}

/** Whether a command that can do without a cluster was told of one. */
export function namesCluster({ kubeconfig, context }: KubeconfigOptions): boolean {
  return kubeconfig !== undefined || context !== undefined;
}

/** What a command says that looks at less than all there is because a context names a namespace. */
export function onlyOfContext({ name, namespace = '' }: Context): string {
  return plain(
    `Only namespace ${namespace}, which the context ${name} names; --all-namespaces is for all of them.`,
  );
}

type Narrowed = KubeconfigOptions & { namespaces: string[]; allNamespaces?: boolean };

/**
 * The namespaces of a command that works on all of them: those that were given, or that of the context where
 * it is the one kubectl would use; none for all of them. A file that is named is a whole cluster's, as it is
 * for the controller of Argo Rollouts.
 */
export function namespacesIn(narrowed: Narrowed, { namespace }: Context): string[] {
  const { namespaces, allNamespaces: isAll = false, kubeconfig } = narrowed;
  if (isAll && namespaces.length > 0) {
    throw usageError(
      '--all-namespaces and --namespace exclude each other',
      'Leave out one of them.',
    );
  }
  if (isAll || namespaces.length > 0 || kubeconfig !== undefined) return namespaces;
  return namespace === undefined ? [] : [namespace];
}
