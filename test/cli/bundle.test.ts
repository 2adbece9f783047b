import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { requireBanner } from '../../scripts/banner.ts';
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
      banner: requireBanner,
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

it('a command of the bundle that decides by policies finds Cedar', async () => {
  // Beside dist, where it finds the packages that are not in it.
  const dist = mkdtempSync(join(root, '.dist-'));
  try {
    await promisify(execFile)(process.execPath, [join(root, 'scripts', 'build.ts'), dist]);
    const settings = join(dist, 'settings.yaml');
    writeFileSync(settings, 'policies: permit (principal, action, resource);\n');
    const argv = [join(dist, 'serin.js'), 'settings', 'check', settings];
    const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd: root });
    expect(stdout).toContain('nothing wrong');
  } finally {
    rmSync(dist, { recursive: true });
  }
}, 60_000);
