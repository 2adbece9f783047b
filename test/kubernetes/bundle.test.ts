import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requireBanner } from '../../scripts/banner.ts';
import { bundlePlugins } from '../../scripts/bundlePlugins.ts';
import { one } from './certificates.ts';
import { answer, scripted } from './faults.ts';
import { namespace } from './objects.ts';

// What the build leaves out of the bundles must not be missed: the connections to clusters and to AWS.

const web = { metadata: { name: 'web', namespace, resourceVersion: '7', uid: 'u' } };
const { listener, seen } = scripted(answer(200, web));
let folder: string;
let https: Server;
let at: string;

async function bundled(source: string) {
  const outfile = join(folder, `${Math.random()}.mjs`);
  await build({
    stdin: { contents: source, resolveDir: resolve('lib'), loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    plugins: bundlePlugins,
    banner: requireBanner,
  });
  return await import(outfile);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serin-bundle-'));
  https = createServer(one, listener);
  await new Promise<void>((listening) => https.listen(0, '127.0.0.1', listening));
  at = `https://127.0.0.1:${(https.address() as AddressInfo).port}`;
});
afterAll(async () => {
  https.closeAllConnections();
  https.close();
  await rm(folder, { recursive: true, force: true });
});

it('a cluster is called over TLS as without a bundle', async () => {
  const { kubernetesCluster } = await bundled("export * from './kubernetes/kubernetes.ts';");
  const ca = Buffer.from(one.cert).toString('base64');
  const signIn = async () => ({ server: at, ca, token: 'secret' });
  const cluster = kubernetesCluster({ signIn, doorbell: false });
  expect(await cluster.get({ kind: 'Pod', namespace, name: 'web' })).toMatchObject(web);
  await cluster.patch({ kind: 'ReplicaSet', namespace, name: 'web' }, { spec: { replicas: 3 } });
  expect(seen.at(-1)).toMatchObject({
    method: 'PATCH',
    headers: { authorization: 'Bearer secret', 'content-type': 'application/merge-patch+json' },
  });
  const stranger = kubernetesCluster({ signIn: async () => ({ server: at }), doorbell: false });
  await expect(stranger.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(
    /certificate/,
  );
  const nobody = async () => ({ server: 'http://127.0.0.1:9' });
  const gone = kubernetesCluster({ signIn: nobody, doorbell: false });
  await expect(gone.get({ kind: 'Pod', namespace, name: 'web' })).rejects.toThrow(/ECONNREFUSED/);
});

it("AWS is called with the environment's credentials", async () => {
  const { credentials } = await bundled(`
    import { dynamoClient } from './store/dynamo.ts';
    export const credentials = (env) => {
      Object.assign(process.env, env);
      return dynamoClient({ region: 'us-east-1' }).config.credentials();
    };`);
  const env = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key', AWS_SESSION_TOKEN: 'token' };
  expect(await credentials(env)).toMatchObject({
    accessKeyId: 'id',
    secretAccessKey: 'key',
    sessionToken: 'token',
  });
});
