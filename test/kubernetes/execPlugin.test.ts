import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { Terminal, Transient } from '../../lib/errors.ts';
import { contextOf } from '../../lib/kubernetes/kubeconfig.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import type { Cluster } from '../../lib/world.ts';

// A program that a kubeconfig names for its tokens, as `aws eks update-kubeconfig` writes it.

const secret = 'eyJhbGciOi.NOT-FOR-ANYBODY.sig';
/** Prints a token: the given letters, then the words of the shell. */
const printed = (token: string, words = '') =>
  `printf '{"kind":"ExecCredential","status":{"token":"${token}"}}' ${words}`;

/** A cluster that takes one token, signed in to by a shell script that leaves a line for each run. */
async function opened(script: string, timeoutMs = 5000) {
  const dir = mkdtempSync(join(tmpdir(), 'serin-exec-'));
  const [plugin, runs] = [join(dir, 'plugin'), join(dir, 'runs')];
  appendFileSync(runs, '');
  writeFileSync(plugin, `#!/bin/sh\necho >> ${runs}\n${script}\n`, { mode: 0o700 });
  const taken = { token: 't1', asked: [] as string[] };
  const server = createServer(({ headers }, response) => {
    taken.asked.push(headers.authorization ?? '');
    const isRight = headers.authorization === `Bearer ${taken.token}`;
    response.writeHead(isRight ? 200 : 401, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(isRight ? { metadata: {}, items: [] } : { message: 'Unauthorized' }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
    rmSync(dir, { recursive: true });
  });
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: plugin,
    interactiveMode: 'Never',
  };
  const { port } = server.address() as AddressInfo;
  const file = join(dir, 'kubeconfig');
  const config = {
    'current-context': 'c',
    clusters: [
      {
        name: 'k',
        cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true },
      },
    ],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    users: [{ name: 'u', user: { exec } }],
  };
  writeFileSync(file, stringify(config));
  const { signIn } = contextOf(file);
  const cluster: Cluster = kubernetesCluster({ signIn, doorbell: true, timeoutMs });
  const ran = () => readFileSync(runs, 'utf8').length;
  return { taken, ran, list: () => cluster.list('Rollout', 'shop') };
}

describe('an exec plugin of the kubeconfig', () => {
  it('is run once for requests that come together', async () => {
    const { list, ran } = await opened(`sleep 0.2; ${printed('t1')}`);
    await Promise.all(Array.from({ length: 20 }, list));
    expect(ran()).toBe(1);
  });

  it('is asked anew when its token was revoked', async () => {
    const count = 'wc -l < "$(dirname "$0")/runs"';
    const { list, taken, ran } = await opened(printed('t%s', `$(${count})`));
    await list();
    taken.token = 't2';
    await list();
    expect(taken.asked).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
    expect(ran()).toBe(2);
  });

  it('that hangs holds a request up no longer than a server may', async () => {
    const { list } = await opened('exec sleep 5', 300);
    await expect(list()).rejects.toThrow(Transient);
  });

  it('that fails is named, and nothing that it printed', async () => {
    const { list } = await opened(`echo "refresh_token=${secret}" >&2; exit 1`);
    const error: Error = await list().then(
      () => new Error('it went well'),
      (caught: Error) => caught,
    );
    expect(error).toBeInstanceOf(Terminal);
    expect(error.message).toMatch(/cannot sign in: the plugin .* failed; run it by hand/);
    expect(error.message).not.toContain(secret);
  });
});
