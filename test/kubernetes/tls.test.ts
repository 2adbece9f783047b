import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createProxy } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Terminal } from '../../lib/errors.ts';
import { kubeConfigSignIn } from '../../lib/kubernetes/kubeconfigSignIn.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import { one, two } from './certificates.ts';
import { answer, scripted } from './faults.ts';
import { namespace } from './objects.ts';

const web = { metadata: { name: 'web', namespace, resourceVersion: '7', uid: 'u' } };

describe('a server with a certificate of its own', () => {
  const { listener, seen } = scripted(answer(200, web));
  let server = '';
  let connections = 0;
  let https: Server;
  beforeEach(async () => {
    connections = 0;
    https = createServer(one, listener).on('secureConnection', () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
    server = `https://127.0.0.1:${(https.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    await new Promise((resolve) => {
      https.close(resolve);
      https.closeAllConnections();
    });
  });
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');

  it('is believed by its CA, over few connections for many calls', async () => {
    const signIn = async () => ({ server, ca: base64(one.cert), token: 'secret' });
    const cluster = kubernetesCluster({ signIn, doorbell: false });
    for (let call = 0; call < 10; call += 1)
      await cluster.get({ kind: 'Pod', namespace, name: 'web' });
    // The client opens a second while the first is not quite done with its answer.
    expect(connections).toBeLessThanOrEqual(2);
    expect(seen.at(-1)?.headers.authorization).toBe('Bearer secret');
  });

  it('that changed its CA is asked for the new one', async () => {
    const asked: boolean[] = [];
    const signIn = async ({ fresh }: { fresh: boolean }) => {
      asked.push(fresh);
      return { server, ca: base64(fresh ? one.cert : two.cert) };
    };
    const cluster = kubernetesCluster({ signIn, doorbell: false });
    expect((await cluster.get({ kind: 'Pod', namespace, name: 'web' })).metadata?.uid).toBe('u');
    expect(asked).toEqual([false, true]);
  });

  it('that nobody vouches for is Terminal, and gets no request', async () => {
    const before = seen.length;
    const signIn = async () => ({ server, ca: base64(two.cert), token: 'secret' });
    const refused = kubernetesCluster({ signIn, doorbell: false }).get({
      kind: 'Pod',
      namespace,
      name: 'web',
    });
    await expect(refused).rejects.toThrow(Terminal);
    await expect(refused).rejects.toThrow(/check its address and its CA/);
    expect(seen).toHaveLength(before);
  });

  it('is believed again once the file with its CA was put right', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'serin-'));
    const caFile = join(folder, 'ca.pem');
    const kubeConfig = new KubeConfig();
    const cluster = { name: 'test', server, caFile, skipTLSVerify: false };
    kubeConfig.loadFromClusterAndUser(cluster, { name: 'me' });
    const made = kubernetesCluster({ signIn: kubeConfigSignIn(kubeConfig), doorbell: true });
    try {
      writeFileSync(caFile, two.cert);
      await expect(made.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(Terminal);
      writeFileSync(caFile, one.cert);
      expect((await made.get({ kind: 'Pod', namespace, name: 'web' })).metadata?.uid).toBe('u');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is reached through a kubeconfig', async () => {
    const kubeConfig = new KubeConfig();
    const cluster = {
      name: 'test',
      cluster: { server, 'certificate-authority-data': base64(one.cert) },
    };
    kubeConfig.loadFromString(
      JSON.stringify({
        clusters: [cluster],
        users: [{ name: 'me', user: { token: 'of-a-person' } }],
        contexts: [{ name: 'here', context: { cluster: 'test', user: 'me' } }],
        'current-context': 'here',
      }),
    );
    const made = kubernetesCluster({ signIn: kubeConfigSignIn(kubeConfig), doorbell: true });
    expect(await made.get({ kind: 'Pod', namespace, name: 'web' })).toMatchObject({
      kind: 'Pod',
      ...web,
    });
    expect(seen.at(-1)?.headers.authorization).toBe('Bearer of-a-person');
    const nowhere = kubernetesCluster({
      signIn: kubeConfigSignIn(new KubeConfig()),
      doorbell: true,
    });
    await expect(nowhere.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(
      /no current context/,
    );
  });

  it('is reached through the proxy of a kubeconfig, over few connections', async () => {
    const asked: (string | undefined)[] = [];
    const proxy = createProxy().on('connect', ({ url }, client) => {
      asked.push(url);
      const { hostname, port } = new URL(server);
      const upstream = connect(Number(port), hostname, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      upstream.on('error', () => client.destroy());
      client.on('error', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const kubeConfig = new KubeConfig();
    const cluster = { name: 'test', server, caData: base64(one.cert), proxyUrl };
    kubeConfig.loadFromClusterAndUser({ ...cluster, skipTLSVerify: false }, { name: 'me' });
    const made = kubernetesCluster({ signIn: kubeConfigSignIn(kubeConfig), doorbell: true });
    try {
      for (let call = 0; call < 10; call += 1) {
        expect((await made.get({ kind: 'Pod', namespace, name: 'web' })).metadata?.uid).toBe('u');
      }
      expect(asked[0]).toBe(new URL(server).host);
      expect(asked.length).toBeLessThanOrEqual(2);
    } finally {
      proxy.close();
    }
  });
});
