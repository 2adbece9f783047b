import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeGatewayModule } from './gatewayModule.ts';

// The programs that tests run beside Serin, built from the Go modules next to this file and kept
// outside the tree, so that they are built once.

const run = promisify(execFile);

type Module = 'tools' | 'peers' | 'chart' | 'gateways' | 'metrics';
/** `flags`: of the linker. `asked`: built only where it is asked for by its name. */
type Program = { module: Module; path: string; flags?: string[]; tags?: string; asked?: true };

const versionPackage = 'k8s.io/component-base/version';
/** Without it Kubernetes says it is v0.0.0, which clients take for a very old server. */
const kubernetes = [
  `-X ${versionPackage}.gitVersion=v1.36.3`,
  `-X ${versionPackage}.gitMajor=1`,
  `-X ${versionPackage}.gitMinor=36`,
];
const argoVersion = 'github.com/argoproj/argo-rollouts/utils/version.version=v1.10.1';

const programs = {
  etcd: { module: 'tools', path: 'go.etcd.io/etcd/server/v3' },
  kwok: { module: 'tools', path: 'sigs.k8s.io/kwok/cmd/kwok' },
  'kube-apiserver': tool('kube-apiserver'),
  'kube-controller-manager': tool('kube-controller-manager'),
  'kube-scheduler': tool('kube-scheduler'),
  kubectl: tool('kubectl'),
  'kubectl-argo-rollouts': peer('kubectl-argo-rollouts'),
  'rollouts-controller': peer('rollouts-controller'),
  helm: { module: 'chart', path: 'helm.sh/helm/v4/cmd/helm' },
  traefik: { module: 'gateways', path: 'github.com/traefik/traefik/v3/cmd/traefik', asked: true },
  // Without what finds the machines of a dozen clouds, which is most of the build.
  prometheus: {
    ...{ module: 'metrics', path: 'github.com/prometheus/prometheus/cmd/prometheus' },
    ...{ tags: 'remove_all_sd', asked: true },
  },
} satisfies Record<string, Program>;

export type ProgramName = keyof typeof programs;
export const programNames = Object.keys(programs) as ProgramName[];
/** Those that most tests need. */
export const usualPrograms = programNames.filter((name) => !rowOf(name).asked);

function rowOf(name: ProgramName): Program {
  return programs[name];
}

function tool(name: string): Program {
  return { module: 'tools', path: `k8s.io/kubernetes/cmd/${name}`, flags: kubernetes };
}

function peer(name: string): Program {
  const path = `github.com/argoproj/argo-rollouts/cmd/${name}`;
  return { module: 'peers', path, flags: [`-X ${argoVersion}`] };
}

/**
 * The paths of programs, built first where they are missing. `KUBEBUILDER_ASSETS` is a folder in which
 * etcd, kube-apiserver and kubectl are looked for before. Throws with what to do when Go is missing.
 */
export async function binaries<N extends ProgramName>(
  names: N[],
  tell: (line: string) => void = () => {},
): Promise<Record<N, string>> {
  const found: [N, string][] = [];
  // One after the other: each build takes all cores there are.
  for (const name of names) found.push([name, await binary(name, tell)]);
  return Object.fromEntries(found) as Record<N, string>;
}

async function binary(name: ProgramName, tell: (line: string) => void): Promise<string> {
  const assets = process.env.KUBEBUILDER_ASSETS;
  if (assets && existsSync(join(assets, name))) return join(assets, name);
  const { module, path, flags = [], tags = '' } = rowOf(name);
  const source = moduleFolder(module);
  const cached = join(
    cacheFolder(),
    await fingerprint(source, [...flags, ...(tags ? [tags] : [])]),
  );
  const target = join(cached, name);
  if (existsSync(target)) return target;
  await mkdir(cached, { recursive: true });
  const startedAt = Date.now();
  tell(`building ${name} …`);
  const folder = module === 'gateways' ? join(cached, 'module') : source;
  if (module === 'gateways') await makeGatewayModule(source, folder, go);
  const unfinished = `${target}.${process.pid}`;
  const linker = ['-s -w', ...flags].join(' ');
  const options = ['-trimpath', '-tags', tags, '-ldflags', linker, '-o', unfinished];
  await go(folder, ['build', ...options, path]);
  // Whole or not at all, also when two test runs build it at the same time.
  await rename(unfinished, target);
  tell(`built ${name} in ${Math.round((Date.now() - startedAt) / 1000)} s`);
  return target;
}

/** The folder of a dependency's source, for the manifests in it. */
export async function sourceOf(module: Module, dependency: string): Promise<string> {
  const folder = moduleFolder(module);
  await go(folder, ['mod', 'download', dependency]);
  return (await go(folder, ['list', '-m', '-f', '{{.Dir}}', dependency])).trim();
}

function moduleFolder(module: Module): string {
  return join(import.meta.dirname, module);
}

function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'serin', 'cluster');
}

async function fingerprint(folder: string, flags: string[]): Promise<string> {
  const hash = createHash('sha256').update(flags.join());
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(join(folder, file)));
  return hash.digest('hex').slice(0, 16);
}

async function go(folder: string, args: string[]): Promise<string> {
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' };
  try {
    return (await run('go', args, { cwd: folder, env, maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') {
      throw new Error('Go is not installed: the control plane is built from source with Go 1.26.');
    }
    throw new Error(`go ${args[0]} failed: ${stderr ?? String(error)}`, { cause: error });
  }
}

if (import.meta.main) {
  const built = await binaries(usualPrograms, (line) => process.stderr.write(`${line}\n`));
  for (const [name, path] of Object.entries(built)) process.stdout.write(`${name} ${path}\n`);
}
