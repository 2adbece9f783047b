import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { completionScripts, type Shell } from '../../cli/completion/scripts.ts';
import { cliDocs } from '../../scripts/cliDocs.ts';
import { serin, stubServer, temporaryFolder } from './support.ts';

const rows = [
  { cluster: 'eu-1', namespace: 'shop', name: 'front-api' },
  { cluster: 'eu-1', namespace: 'shop', name: 'front-web' },
];

/** The API of two rollouts. */
async function api() {
  return await stubServer(({ url }) => ({
    status: 200,
    body: {
      items: url.startsWith('/v1/clusters') ? [{ name: 'eu-1' }, { name: 'us-1' }] : rows,
    },
  }));
}

const ask = async (words: string[], env: Record<string, string> = {}) => {
  const { code, out, err } = await serin(['__complete', ...words], env);
  expect([code, err]).toEqual([0, '']);
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[0]);
};

describe('what may come next', () => {
  it.each([
    [['pro'], ['promote']],
    [['config', ''], expect.arrayContaining(['set', 'use', 'list', 'get', 'delete', 'help'])],
    [
      ['set', ''],
      ['image', 'help'],
    ],
    [
      ['list', '-o', ''],
      ['text', 'json', 'yaml', 'wide', 'name'],
    ],
    [['wait', 'web', '--for', 'p'], ['paused']],
    [['promote', 'web', '--f'], ['--full']],
    [['promote', '--exp'], expect.arrayContaining(['--expect-image', '--expect-revision'])],
    [['history', '--na'], ['--namespace']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['config', 'set', 'a', '--unset', 's'], ['sign-in']],
    [['lint', ''], [':files']],
    [['run', '--kubeconfig', ''], [':files']],
    [['promote', 'web', '--reason', ''], []],
    [['nonsense', ''], []],
  ])('behind %j', async (words, expected) => {
    expect(await ask(words)).toEqual(expected);
  });

  it('are the rollouts, namespaces and clusters there are', async () => {
    const { seen, env } = await api();
    expect(await ask(['promote', ''], env)).toEqual(['front-api', 'front-web']);
    expect(await ask(['get', '-n', 'shop', 'front-a'], env)).toEqual(['front-api']);
    expect(seen.map(({ url }) => url)).toEqual([
      '/v1/rollouts?cluster=eu-1&limit=1000&namespace=default',
      '/v1/rollouts?cluster=eu-1&limit=1000&namespace=shop',
    ]);
    expect(await ask(['list', '-n', ''], env)).toEqual(['shop']);
    expect(await ask(['list', '--cluster', ''], env)).toEqual(['eu-1', 'us-1']);
    expect(await ask(['promote', 'front-api', ''], env)).toEqual([]);
  });

  it('are contexts, of serin or of a kubeconfig', async () => {
    const folder = temporaryFolder();
    const env = { XDG_CONFIG_HOME: folder, KUBECONFIG: join(folder, 'k') };
    await serin(['config', 'set', 'prod', '--server', 'https://a.example'], env);
    const config = {
      clusters: [{ name: 'c', cluster: { server: 'https://b.example' } }],
      users: [],
      contexts: [{ name: 'kube', context: { cluster: 'c', user: 'u' } }],
    };
    writeFileSync(env.KUBECONFIG, JSON.stringify(config));
    expect(await ask(['config', 'use', ''], env)).toEqual(['prod']);
    expect(await ask(['get', '--context', ''], env)).toEqual(['prod']);
    expect(await ask(['run', '--context', ''], env)).toEqual(['kube']);
  });

  it('are none where nobody can be asked', async () => {
    const env = { SERIN_SERVER: 'http://127.0.0.1:2', SERIN_CLUSTER: 'c' };
    expect(await ask(['promote', ''], env)).toEqual([]);
    expect(await ask(['promote', ''])).toEqual([]);
  });
});

/** Each has the shell complete `serin WORDS` as a key would, and prints what it offers. */
const asked: Record<Shell, (script: string, words: string[]) => string> = {
  bash: (script, words) => `source ${script}
COMP_WORDS=(serin ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_serin; printf '%s\\n' "\${COMPREPLY[@]}"`,
  // The functions of its completion work under a key only: these print what they are given.
  zsh: (
    script,
    words,
  ) => `_describe() { print -l -- "\${(@)\${(P@)2}%%:*}" }; _files() { print :files }
compdef() { :; }; functions[compdef]=':'; source ${script}
words=(serin ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length + 1}
_serin`,
  fish: (script, words) => `source ${script}
complete -C 'serin ${words.join(' ')}' | string split -f1 \\t; true`,
};

/** bash is everywhere, and .ci/run installs the others where it can. */
const shellsHere = (Object.keys(asked) as Shell[]).filter(
  (shell) => shell === 'bash' || isHere(shell),
);

function isHere(shell: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, shell)));
}

describe.each(shellsHere)('in %s', (shell) => {
  it('commands, options and live names are completed', { timeout: 120_000 }, async () => {
    const { env } = await api();
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'bin'));
    // Each start of the program takes seconds on a busy machine: one process answers for all of them.
    const serving = await stubServer(async ({ body }) => {
      const { out } = await serin(JSON.parse(body), env);
      return { status: 200, body: out };
    });
    const url = serving.env.SERIN_SERVER;
    const sends = `fetch('${url}', { method: 'POST', body: JSON.stringify(process.argv.slice(1)) })`;
    const answers = `${sends}.then((a) => a.text()).then((t) => process.stdout.write(t))`;
    const program = `#!/bin/sh\nexec ${process.execPath} -e "${answers}" -- "$@"\n`;
    writeFileSync(join(folder, 'bin', 'serin'), program, { mode: 0o755 });
    const script = join(folder, 'script');
    const printed = await serin(['completion', shell]);
    expect(printed.out).toBe(completionScripts[shell]);
    writeFileSync(script, printed.out);
    const offered = async (...words: string[]) => {
      const text = asked[shell](script, words);
      const PATH = `${join(folder, 'bin')}:${process.env.PATH}`;
      const state = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder };
      const argv = shell === 'zsh' ? ['-f', '-c', text] : ['-c', text];
      const done = await promisify(execFile)(shell, argv, { env: { ...state, PATH } });
      return done.stdout.split('\n').filter(Boolean);
    };
    expect(await offered('promo')).toEqual(['promote']);
    expect(await offered('promote', 'front-')).toEqual(['front-api', 'front-web']);
    expect(await offered('promote', '')).toEqual(['front-api', 'front-web']);
    expect(await offered('list', '--out')).toEqual(['--output']);
  });
});

describe('docs/cli.md', () => {
  it('is what the commands say (npm run generate)', async () => {
    const docs = await cliDocs();
    expect(readFileSync('docs/cli.md', 'utf8')).toBe(docs);
    expect(docs).toMatch(/^## serin set image$/m);
    expect(docs.match(/^Exit codes:$/gm)).toHaveLength(1);
  });
});
