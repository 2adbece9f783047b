import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contextIn } from '../../cli/kubeconfig.ts';
import { cluster } from './adoptStage.ts';
import { serin, start, stubServer, temporaryFolder } from './support.ts';

type Made = { name: string; server?: string; namespace?: string; current?: string };

/** A kubeconfig of one context, whose cluster and user have its name. */
function made(folder: string, file: string, { name, server, namespace, current }: Made): string {
  const path = join(folder, file);
  const place = { cluster: name, user: name, ...(namespace && { namespace }) };
  const config = {
    clusters: [
      {
        name,
        cluster: server ? { server, ...local } : { server: `https://${file}.example`, ...ca },
      },
    ],
    users: [{ name, user: { token: `token of ${file}` } }],
    contexts: [{ name, context: place }],
    ...(current !== undefined && { 'current-context': current }),
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}
const local = { 'insecure-skip-tls-verify': true };
const ca = { 'certificate-authority': 'ca.crt' };

async function tokenOf({ signIn }: ReturnType<typeof contextIn>): Promise<unknown> {
  return (await signIn({ fresh: false })).headers;
}

describe('which kubeconfig is taken', () => {
  it('is the one that was named, then KUBECONFIG, then ~/.kube/config', () => {
    const home = temporaryFolder();
    mkdirSync(join(home, '.kube'));
    const own = made(home, '.kube/config', { name: 'own', current: 'own' });
    const other = made(home, 'other', { name: 'other', current: 'other' });
    const named = made(home, 'named', { name: 'named', current: 'named' });
    expect(contextIn({}, { HOME: home }).name).toBe('own');
    expect(contextIn({}, { HOME: home, KUBECONFIG: '' }).name).toBe('own');
    expect(contextIn({}, { HOME: home, KUBECONFIG: other }).name).toBe('other');
    const both = { HOME: home, KUBECONFIG: other };
    expect(contextIn({ kubeconfig: named }, both).name).toBe('named');
    expect(() => contextIn({ context: 'own' }, both)).toThrow(
      `the kubeconfig ${other} has no context own; it has: other`,
    );
    expect(contextIn({ kubeconfig: own, context: 'own' }, both).name).toBe('own');
  });

  it('is several merged: the first to say something wins, missing ones do not matter', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'b'));
    writeFileSync(join(folder, 'b', 'ca.crt'), 'the authority of b');
    const files = [
      join(folder, 'missing'),
      made(folder, 'a', { name: 'shared', namespace: 'shop' }),
      made(folder, 'b/config', { name: 'only-b', current: 'only-b' }),
      made(folder, 'c', { name: 'shared', namespace: 'not this', current: 'shared' }),
    ];
    const env = { KUBECONFIG: ['', ...files, files[1]].join(delimiter) };
    const current = contextIn({}, env);
    expect(current).toMatchObject({ name: 'only-b', server: 'https://b/config.example' });
    // Paths are those of the file that names them.
    expect(current.authority).toBe('the authority of b');
    const shared = contextIn({ context: 'shared' }, env);
    expect(shared).toMatchObject({ server: 'https://a.example', namespace: 'shop' });
    writeFileSync(join(folder, 'ca.crt'), '');
    expect(await tokenOf(shared)).toEqual({ Authorization: 'Bearer token of a' });
    expect(() => contextIn({ context: 'x' }, env)).toThrow(/no context x; it has: shared, only-b$/);
  });

  it('where there is none, what was looked at is said', async () => {
    const { code, err } = await serin(['run'], { HOME: '/home/ana' });
    expect(err).toBe(
      'serin: which cluster? Neither --kubeconfig nor KUBECONFIG is set, and there is no ' +
        '/home/ana/.kube/config\n  Name a kubeconfig with --kubeconfig FILE, or in KUBECONFIG.',
    );
    expect(code).toBe(2);
    const env = { KUBECONFIG: '/nonexistent/a:/nonexistent/b' };
    const gone = await serin(['adopt'], env);
    expect(gone.err).toMatch(
      /there is no kubeconfig: looked for \/nonexistent\/a, \/nonexistent\/b\n/,
    );
    expect(gone.code).toBe(3);
    const broken = join(temporaryFolder(), 'broken');
    writeFileSync(broken, 'token: [\n');
    const bad = await serin(['run'], { KUBECONFIG: `/nonexistent/a:${broken}` });
    expect(bad.err).toMatch(/cannot read the kubeconfig \S+broken: /);
    expect(bad.code).toBe(3);
  });
});

describe('the namespace of the context', () => {
  it('is all that adopt looks at, and says so; --all-namespaces looks at all', async () => {
    const { kubeconfig } = await cluster();
    const { server } = contextIn({ kubeconfig }, {});
    const folder = temporaryFolder();
    const KUBECONFIG = made(folder, 'k', { name: 'eu', namespace: 'shop', current: 'eu', server });
    const own = await serin(['adopt'], { KUBECONFIG });
    expect(own.out).toMatch(
      /^Only namespace shop, which the context eu names; --all-namespaces is/,
    );
    expect(own.out).toMatch(/Ready\. Start it: serin run --namespace shop\n/);
    const all = await serin(['adopt', '-A'], { KUBECONFIG });
    expect(all.out).not.toMatch(/Only namespace/);
    expect(all.out).toMatch(/Ready\. Start it: serin run --all-namespaces\n/);
    const named = await serin(['adopt', '--kubeconfig', KUBECONFIG]);
    expect(named.out).not.toMatch(/Only namespace/);
    const json = await serin(['adopt', '-n', 'web', '-o', 'json'], { KUBECONFIG });
    expect(JSON.parse(json.out).namespaces).toEqual(['web']);
    const both = await serin(['adopt', '-A', '-n', 'web'], { KUBECONFIG });
    expect(both.err).toMatch(/--all-namespaces and --namespace exclude each other/);
    expect(both.code).toBe(2);
  });

  it('is what serin run watches', async () => {
    const { kubeconfig } = await cluster();
    const { server } = contextIn({ kubeconfig }, {});
    const folder = temporaryFolder();
    mkdirSync(join(folder, '.kube'));
    made(folder, '.kube/config', { name: 'eu', namespace: 'shop', current: 'eu', server });
    const child = start(['run', '--port', '0', '--in-memory'], {
      HOME: folder,
      XDG_STATE_HOME: folder,
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/Serin drives/);
    expect(said).toMatch(/Only namespace shop, which the context eu names/);
    expect(said).toMatch(/Serin drives the Rollouts in shop\. Its API/);
    child.kill('SIGINT');
  });

  it('is where lint asks, unless --namespace says otherwise', async () => {
    const { seen, env } = await stubServer(() => ({ status: 403, body: { message: 'no' } }));
    const folder = temporaryFolder();
    const server = env.SERIN_SERVER;
    const KUBECONFIG = made(folder, 'k', { name: 'eu', namespace: 'shop', server });
    const argv = ['lint', '-', '--context', 'eu'];
    const text = readFileSync('examples/front-api.yaml', 'utf8').replace(
      /^ +namespace: .*\n/gm,
      '',
    );
    for (const more of [[], ['-n', 'web']])
      await serin([...argv, ...more], { KUBECONFIG }, undefined, text);
    const places = seen.map(({ url }) => /namespaces\/([^/]+)/.exec(url)?.[1]);
    expect(places).toContain('shop');
    expect(places).toContain('web');
    expect(places).not.toContain('default');
  });
});
