import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlPlane } from './controlPlane.ts';
import { type Running, runProgram, startProgram, until } from './processes.ts';

/** What people start: the bundle, unless a source is newer. */
export const cli = join(import.meta.dirname, '..', '..', 'bin', 'serin.js');

/** A command line of the CLI, as a process of its own. */
export const serinCommand = (line: string, env: Record<string, string> = {}) =>
  runProgram(process.execPath, [cli, ...line.split(' ')], { env });

export type Serin = Running & {
  /** A command of the CLI against this one. */
  cli: (line: string) => Promise<{ code: number; out: string; err: string }>;
};

export type SerinOptions = {
  namespaces?: string[];
  instanceId?: string;
  user?: string;
  /** In place of that of a user. */
  kubeconfig?: string;
  quiet?: boolean;
  inMemory?: boolean;
  metricsPort?: number;
  /** NAMESPACE/NAME: it is at work, too, while it stands by. */
  lease?: string;
  /** Where it keeps its table, if that outlives it: an absolute path. */
  state?: string;
};

/** `serin run` on the control plane, as a process of its own. Resolves once it is at work. */
export async function startSerin(plane: ControlPlane, options: SerinOptions = {}): Promise<Serin> {
  const { namespaces = [], instanceId, user = 'admin', quiet = false, inMemory = false } = options;
  const { metricsPort, lease } = options;
  const { kubeconfig = plane.kubeconfigOf(user) } = options;
  const state = options.state ?? mkdtempSync(join(tmpdir(), 'serin-run-'));
  // Each start of the same table has a log of its own.
  const log = join(state, `log-${Date.now()}`);
  const env = { XDG_STATE_HOME: state };
  const args = [
    ...['run', '--port', '0', '--kubeconfig', kubeconfig],
    ...namespaces.flatMap((namespace) => ['--namespace', namespace]),
    ...(instanceId === undefined ? [] : ['--instance-id', instanceId]),
    ...(quiet ? [] : ['--verbose']),
    ...(inMemory ? ['--in-memory'] : []),
    ...(metricsPort === undefined ? [] : ['--metrics-port', String(metricsPort)]),
    ...(lease === undefined ? [] : ['--lease', lease]),
  ];
  const running = startProgram(process.execPath, [cli, ...args], { log, env });
  let code: number | undefined;
  void running.exited.then((ended) => {
    code = ended;
  });
  const isUp = async (): Promise<boolean> => {
    if (code !== undefined)
      throw new Error(`serin run ended (${code}): ${readFileSync(log, 'utf8')}`);
    return /Its API is at|Standing by/.test(readFileSync(log, 'utf8'));
  };
  try {
    await until('serin run', isUp, { log, withinMs: 20_000, everyMs: 20 });
  } catch (error) {
    await running.stop();
    throw error;
  }
  return {
    ...running,
    cli: (line) => serinCommand(line, env),
    stop: async () => {
      await running.stop();
      if (options.state === undefined) rmSync(state, { recursive: true, force: true });
    },
  };
}
