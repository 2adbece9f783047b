import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaries } from './binaries.ts';
import { freePort, type Running, runProgram, startProgram, until } from './processes.ts';
import { apiReader } from './readApi.ts';

export type ControlPlane = {
  /** Of an administrator. */
  kubeconfig: string;
  server: string;
  /** Of etcd, which takes JSON too. */
  etcd: string;
  dir: string;
  /** One line of JSON for each request, where `audit` was asked for. */
  auditLog: string;
  /** A kubeconfig of another user, whom RBAC lets do nothing at first. */
  kubeconfigOf: (user: string) => string;
  /** Runs kubectl; throws with its words unless it ends well. */
  kubectl: (args: string[], input?: string) => Promise<string>;
  /** Reads what is at a path, as an administrator. */
  read: (path: string) => Promise<unknown>;
  stopApiServer: () => Promise<void>;
  startApiServer: () => Promise<void>;
  stop: () => Promise<void>;
};

export type ControlPlaneOptions = {
  audit?: boolean;
  nodes?: number;
  /** More of kube-apiserver's own flags. */
  apiServerFlags?: string[];
  tell?: (line: string) => void;
};

/** Users, each with a token of its name, and the groups they are in. */
const users: Record<string, string> = {
  admin: 'system:masters',
  nobody: '',
  // As the access entry of an EKS cluster makes Serin's role.
  serin: 'serin:controller',
  controller: 'serin:controller',
};

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
omitManagedFields: true
rules: [{ level: Metadata }]
`;

/**
 * A real control plane on loopback, with kwok for a kubelet: pods become ready after half a second,
 * see kwok-stages.yaml. Throws, with the end of a log, when a part of it does not come up.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { audit = false, nodes = 3, apiServerFlags = [], tell } = options;
  const program = await binaries(
    ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok', 'kubectl'],
    tell,
  );
  const dir = mkdtempSync(join(tmpdir(), 'serin-cluster-'));
  const [port, etcdPort, peerPort] = [await freePort(), await freePort(), await freePort()];
  const server = `https://127.0.0.1:${port}`;
  const file = (name: string): string => join(dir, name);
  const kubeconfigOf = (user: string): string => file(`kubeconfig-${user}`);
  const kubeconfig = kubeconfigOf('admin');
  writeCredentials(dir);
  writeFileSync(file('audit-policy.yaml'), auditPolicy);
  const start = (name: keyof typeof program, args: string[]): Running =>
    startProgram(program[name], args, { log: file(`${name}.log`) });
  const kubectl = async (args: string[], input?: string): Promise<string> => {
    const given = input === undefined ? {} : { input };
    const { code, out, err } = await runProgram(
      program.kubectl,
      ['--kubeconfig', kubeconfig, ...args],
      given,
    );
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err.trim() || out.trim()}`);
    return out;
  };
  const startApi = async (): Promise<Running> => {
    const flags = [...apiServerArgs({ dir, port, etcdPort, audit }), ...apiServerFlags];
    const api = start('kube-apiserver', flags);
    // Its own certificate, which it makes when it starts for the first time, is its own authority.
    const isReady = async (): Promise<boolean> => {
      writeKubeconfigs(dir, server);
      return (await kubectl(['get', '--raw', '/readyz']).catch(() => '')) === 'ok';
    };
    await until('kube-apiserver', isReady, { log: file('kube-apiserver.log') });
    return api;
  };
  const etcd = start('etcd', etcdArgs(dir, etcdPort, peerPort));
  let api = await startApi();
  const common = ['--kubeconfig', kubeconfig, '--leader-elect=false', '--secure-port=0'];
  const quick = [...common, '--kube-api-qps=500', '--kube-api-burst=1000'];
  const others = [
    start('kube-controller-manager', [...quick, ...controllerArgs(dir)]),
    start('kube-scheduler', quick),
    start('kwok', kwokArgs(kubeconfig)),
  ];
  await kubectl(['apply', '-f', '-'], nodeManifests(nodes));
  const areReady = async (): Promise<boolean> => {
    const ready = await kubectl(['get', 'nodes', '--no-headers']).catch(() => '');
    return (ready.match(/ Ready /g) ?? []).length === nodes;
  };
  await until('the nodes', areReady, { log: file('kwok.log') });
  return {
    ...{ kubeconfig, server, dir, kubeconfigOf, kubectl, read: apiReader(server, dir) },
    etcd: `http://127.0.0.1:${etcdPort}`,
    auditLog: file('audit.log'),
    stopApiServer: () => api.stop(),
    startApiServer: async () => {
      api = await startApi();
    },
    stop: async () => {
      await Promise.all([...others, api, etcd].map((each) => each.kill()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function writeCredentials(dir: string): void {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(dir, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }));
  const tokens = Object.entries(users).map(([user, group]) =>
    [`token-of-${user}`, user, user, ...(group === '' ? [] : [`"${group}"`])].join(),
  );
  writeFileSync(join(dir, 'tokens.csv'), `${tokens.join('\n')}\n`);
}

function writeKubeconfigs(dir: string, server: string): void {
  let authority = '';
  try {
    authority = readFileSync(join(dir, 'certs', 'apiserver.crt')).toString('base64');
  } catch {
    // Not made yet.
  }
  for (const user of Object.keys(users)) {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': authority } }],
      users: [{ name: user, user: { token: `token-of-${user}` } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user } }],
      'current-context': 'test',
    };
    writeFileSync(join(dir, `kubeconfig-${user}`), JSON.stringify(config), { mode: 0o600 });
  }
}

function etcdArgs(dir: string, port: number, peerPort: number): string[] {
  const url = `http://127.0.0.1:${port}`;
  return [
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    // Nothing of it is to survive.
    '--unsafe-no-fsync',
  ];
}

type ApiServer = { dir: string; port: number; etcdPort: number; audit: boolean };

function apiServerArgs({ dir, port, etcdPort, audit }: ApiServer): string[] {
  const file = (name: string): string => join(dir, name);
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--cert-dir=${file('certs')}`,
    `--service-account-key-file=${file('sa.key')}`,
    `--service-account-signing-key-file=${file('sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--token-auth-file=${file('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.96.0.0/16',
    // Pods need no token here, and nobody is there to make one.
    '--disable-admission-plugins=ServiceAccount',
    '--endpoint-reconciler-type=none',
    '--max-requests-inflight=2000',
    '--max-mutating-requests-inflight=1000',
    ...(audit
      ? [
          `--audit-policy-file=${file('audit-policy.yaml')}`,
          `--audit-log-path=${file('audit.log')}`,
          '--audit-log-maxsize=4000',
        ]
      : []),
  ];
}

function controllerArgs(dir: string): string[] {
  return [
    `--service-account-private-key-file=${join(dir, 'sa.key')}`,
    '--concurrent-replicaset-syncs=20',
    '--concurrent-namespace-syncs=20',
    '--node-monitor-grace-period=5m',
  ];
}

function kwokArgs(kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--manage-all-nodes=true',
    '--node-ip=127.0.0.1',
    '--server-address=',
    `--config=${join(import.meta.dirname, 'kwok-stages.yaml')}`,
  ];
}

function nodeManifests(count: number): string {
  const items = Array.from({ length: count }, (_, index) => {
    const name = `node-${index}`;
    const room = { cpu: '4000', memory: '4000Gi', pods: '100000' };
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
      status: { allocatable: room, capacity: room },
    };
  });
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
