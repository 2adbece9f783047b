import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../lib/kubernetes/kubeconfig.ts';

export type Env = Record<string, string | undefined>;

/** Where Serin keeps on this machine what outlives a process. */
export function stateFolder(env: Env): string {
  const state = env.XDG_STATE_HOME || join(env.HOME ?? homedir(), '.local', 'state');
  return join(state, 'serin');
}

/**
 * Where `serin run` keeps the table of a cluster if nothing else is said; made for its user alone. A name
 * or an address may come to mean another cluster, so that the authority that vouches for it counts too.
 */
export function dataFolder(
  env: Env,
  { server, authority }: Pick<Context, 'server' | 'authority'>,
  instanceId: string,
): string {
  const digest = createHash('sha256').update(JSON.stringify([server, authority, instanceId]));
  const host = (URL.parse(server)?.host ?? 'cluster').replace(/[^a-z0-9.-]+/gi, '-').slice(0, 80);
  return join(stateFolder(env), 'run', `${host}-${digest.digest('hex').slice(0, 12)}`);
}

/** That it cannot be made is for the store to say, which finds the same. */
export function makePrivate(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch {
    // As said.
  }
}
