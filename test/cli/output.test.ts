import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { serin, stubServer, view } from './support.ts';

describe('how list and get print', () => {
  it('takes all namespaces of the cluster from the fleet', async () => {
    const row = {
      ...{ cluster: 'eu-1', namespace: 'shop', name: 'web', phase: 'Paused', message: '' },
      ...{ strategy: 'Canary', revision: 7, setWeight: 20, step: { index: 1, count: 6 } },
      ...{ pods: { desired: 4, ready: 3 }, images: ['web:2'], stableImages: ['web:1'] },
      ...{ waitsFor: 'a person\u009b', needsPerson: true },
    };
    const bad = { cluster: 'eu-1', namespace: 'b', name: 'bad', reason: 'too old' };
    const { seen, env } = await stubServer(({ url }) =>
      url.includes('cursor=')
        ? { status: 200, body: { items: [], unreadable: [bad] } }
        : { status: 200, body: { items: [row], cursor: 'eu-1/a/b' } },
    );
    const text = await serin(['list', '-A'], env);
    expect(text.out).toBe(
      'NAMESPACE  NAME  STRATEGY  STATUS    STEP  WEIGHT  READY  DESIRED\n' +
        'shop       web   Canary    ॥ Paused  1/6   20      3      4\n',
    );
    expect(text.err).toBe('b/bad cannot be shown: too old');
    expect(seen.map(({ url }) => url)).toEqual([
      '/v1/rollouts?cluster=eu-1',
      '/v1/rollouts?cluster=eu-1&cursor=eu-1%2Fa%2Fb',
    ]);
    const wide = await serin(['list', '-A', '-o', 'wide'], env);
    expect(wide.out).toMatch(
      /DESIRED {2}REVISION {2}IMAGES +WAITS FOR\n.*4 +7 +web:2,web:1 {2}a person\n/,
    );
    expect((await serin(['list', '-A', '-o', 'name'], env)).out).toBe('rollout.argoproj.io/web\n');
    const json = await serin(['list', '-A', '-o', 'json'], env);
    expect(JSON.parse(json.out)).toEqual({ items: [row] });
    const yaml = await serin(['list', '-A', '-o', 'yaml'], env);
    expect(parse(yaml.out)).toEqual({ items: [row] });
    expect(yaml.out).toContain('"a person\\u009b"');
    const both = await serin(['list', '-A', '-n', 'shop'], env);
    expect(both.err).toMatch(/--all-namespaces and --namespace exclude each other/);
    expect(both.code).toBe(2);
  });

  it('takes -o and -n before the command, as kubectl does', async () => {
    const { seen, env } = await stubServer(() => ({ status: 200, body: { items: [] } }));
    const before = await serin(['-o', 'json', '-n', 'shop', 'list'], env);
    expect(JSON.parse(before.out)).toEqual({ items: [] });
    expect(seen.at(-1)?.url).toBe('/v1/clusters/eu-1/namespaces/shop/rollouts');
    const wrong = await serin(['-o', 'yaml', 'history', 'a'], env);
    expect(wrong.err).toMatch(/serin history does not print -o yaml/);
  });

  it('names, YAML and more columns', async () => {
    const web = view({ images: [{ image: 'web:1', tags: [] }], revision: 3 });
    const { seen, env } = await stubServer(({ url }) =>
      /rollouts(\?|$)/.test(url)
        ? { status: 200, body: { items: [web] } }
        : { status: 200, body: web },
    );
    expect((await serin(['list', '-o', 'wide'], env)).out).toMatch(
      /AGE {2}REVISION {2}IMAGES {2}WAITS FOR\n.* 3 +web:1 +-\n/,
    );
    expect((await serin(['list', '-o', 'name'], env)).out).toBe('rollout.argoproj.io/web\n');
    expect(parse((await serin(['list', '-o', 'yaml'], env)).out)).toEqual({ items: [web] });
    expect((await serin(['get', 'web', '-o', 'name'], env)).out).toBe('rollout.argoproj.io/web\n');
    expect(parse((await serin(['get', 'web', '-o', 'yaml'], env)).out)).toEqual(web);
    const text = await serin(['get', 'rollout.argoproj.io/web', '--routes'], env);
    expect((await serin(['get', 'web', '-o', 'wide'], env)).out).toBe(text.out);
    expect(seen.at(-1)?.url).toBe('/v1/clusters/eu-1/namespaces/default/rollouts/web?fresh=true');
    const watched = await serin(['get', 'web', '-w', '-o', 'name'], env);
    expect([watched.code, watched.err]).toEqual([2, expect.stringMatching(/does not change/)]);
  });
});
