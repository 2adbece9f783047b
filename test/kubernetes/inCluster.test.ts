import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { inClusterContext, isInCluster } from '../../lib/kubernetes/inCluster.ts';
import { serin } from '../cli/support.ts';

const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };

function account(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'serin-account-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

it('a pod reaches its cluster as its service account, with a token that is replaced', async () => {
  const folder = account({ 'ca.crt': 'PEM\n', token: 'first\n' });
  const { signIn, server, authority } = inClusterContext(env, folder);
  expect([server, authority]).toEqual(['https://10.0.0.1:443', 'PEM']);
  const ca = Buffer.from('PEM').toString('base64');
  expect(await signIn({ fresh: false })).toEqual({ server, ca, token: 'first' });
  writeFileSync(join(folder, 'token'), 'second');
  expect((await signIn({ fresh: false })).token).toBe('first');
  expect((await signIn({ fresh: true })).token).toBe('second');
  expect((await signIn({ fresh: false })).token).toBe('second');
});

it('an address of IPv6 is written as URLs have it', () => {
  const ipv6 = { ...env, KUBERNETES_SERVICE_HOST: 'fd00::1' };
  const folder = account({ 'ca.crt': 'PEM', token: 't' });
  expect(inClusterContext(ipv6, folder).server).toBe('https://[fd00::1]:443');
});

it('a pod without a token is told what to do', () => {
  const folder = account({});
  expect(() => inClusterContext(env, folder)).toThrow(
    /ca\.crt: there is no such file; give the pod one, or name a kubeconfig/,
  );
  expect([isInCluster(env), isInCluster({})]).toEqual([true, false]);
});

it('a command in a pod means its cluster, unless a kubeconfig is named', async () => {
  const pod = { ...env, HOME: '/nonexistent' };
  const { code, err } = await serin(['run', '--port', '0'], pod);
  expect(err).toMatch(/cannot read the service account's .*ca\.crt/);
  expect(code).toBe(3);
  const named = { ...pod, KUBECONFIG: '/nonexistent/config' };
  expect((await serin(['run', '--port', '0'], named)).err).toContain('/nonexistent/config');
});
