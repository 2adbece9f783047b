import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { binaries, sourceOf } from './binaries.ts';
import type { ControlPlane } from './controlPlane.ts';
import { type Running, runProgram, startProgram } from './processes.ts';

// Argo Rollouts v1.10.1: its definitions, its controller and its plugin, from its own module.

const module = 'github.com/argoproj/argo-rollouts';

/** Installs Argo's own definitions. They are too large for kubectl's last-applied annotation. */
export async function installArgoDefinitions({ kubectl }: ControlPlane): Promise<void> {
  const source = await sourceOf('peers', module);
  await kubectl(['apply', '--server-side', '-k', join(source, 'manifests', 'crds')]);
  await kubectl(['wait', '--for=condition=established', 'crd', '--all', '--timeout=30s']);
}

export type ArgoManifest = { file: string; manifest: { kind: string } };

/** Every object of Argo's own kinds among the examples, the documentation and the tests of Argo. */
export async function argoManifests(): Promise<ArgoManifest[]> {
  const source = await sourceOf('peers', module);
  const files = globSync('{docs,examples,pkg,test}/**/*.yaml', { cwd: source }).sort();
  return files.flatMap((file) =>
    parseAllDocuments(readFileSync(join(source, file), 'utf8'), { logLevel: 'error' })
      .filter(({ errors }) => errors.length === 0)
      .map((document) => document.toJS())
      .filter((value) => value?.apiVersion === 'argoproj.io/v1alpha1' && value.metadata)
      .map((manifest) => ({ file, manifest })),
  );
}

export type PeerOptions = {
  namespace?: string;
  instanceId?: string;
  /** Limits of its client, so high that they do not hold it up. */
  raisedLimits?: boolean;
  /** Whether it renews a lease, in namespace argo-rollouts. It leaves that behind when it is stopped. */
  leaderElect?: boolean;
};

/** Starts Argo's controller. It listens on all addresses: run it where there is only loopback. */
export async function startArgo(
  { kubeconfig, dir }: ControlPlane,
  { namespace, instanceId, raisedLimits = false, leaderElect = false }: PeerOptions = {},
): Promise<Running> {
  const program = await binaries(['rollouts-controller']);
  const args = [
    `--kubeconfig=${kubeconfig}`,
    `--leader-elect=${leaderElect}`,
    ...(namespace === undefined ? [] : ['--namespaced', `--namespace=${namespace}`]),
    ...(instanceId === undefined ? [] : [`--instance-id=${instanceId}`]),
    ...(raisedLimits ? ['--qps=1000', '--burst=2000', '--rollout-threads=30'] : []),
  ];
  return startProgram(program['rollouts-controller'], args, { log: join(dir, 'argo.log') });
}

export type Ran = { code: number; out: string; err: string };

/** `kubectl argo rollouts …`, as people type it. */
export async function plugin(
  { kubeconfig }: ControlPlane,
  namespace: string,
  line: string,
): Promise<Ran> {
  const program = await binaries(['kubectl-argo-rollouts']);
  const args = ['--kubeconfig', kubeconfig, '-n', namespace, ...line.split(' ')];
  return runProgram(program['kubectl-argo-rollouts'], args);
}
