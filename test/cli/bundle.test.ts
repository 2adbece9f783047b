import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { buildSeldom, lean } from '../../scripts/lean.ts';

const root = join(import.meta.dirname, '..', '..');

it('the bundle loads what a proxy takes when a kubeconfig names one, and no sooner', async () => {
  const outdir = mkdtempSync(join(tmpdir(), 'serin-bundle-'));
  try {
    await buildSeldom(root, outdir);
    await build({
      stdin: {
        contents: "export { KubeConfig } from '@kubernetes/client-node/dist/config.js';",
        resolveDir: root,
      },
      outfile: join(outdir, 'entry.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      plugins: [lean()],
      banner: {
        js: "import{createRequire as requireFrom}from'node:module';const require=requireFrom(import.meta.url);",
      },
    });
    const loaded = await import(pathToFileURL(join(outdir, 'entry.mjs')).href);
    const cluster = { name: 'far', server: 'https://127.0.0.1:1', skipTLSVerify: false };
    const agentFor = async (proxyUrl?: string): Promise<string | undefined> => {
      const kubeConfig: KubeConfig = new loaded.KubeConfig();
      const place = { ...cluster, ...(proxyUrl !== undefined && { proxyUrl }) };
      kubeConfig.loadFromClusterAndUser(place, { name: 'me' });
      const options: { agent?: object } = {};
      await kubeConfig.applyToHTTPSOptions(options as never);
      return options.agent?.constructor.name;
    };
    const files = () =>
      Object.keys(createRequire(import.meta.url).cache)
        .filter((file) => file.startsWith(outdir))
        .map((file) => basename(file));
    expect(await agentFor()).toBe('Agent');
    expect(files()).toEqual([]);
    expect(await agentFor('socks5://127.0.0.1:2')).toBe('SocksProxyAgent');
    expect(files()).toEqual(['serin-socks-proxy-agent.cjs']);
    expect(await agentFor('http://127.0.0.1:2')).toMatch(/^HttpsProxyAgent/);
  } finally {
    rmSync(outdir, { recursive: true });
  }
}, 30_000);
