import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { restApi } from '../../lib/simulate/apiServer/rest/api.ts';
import { restListener } from '../../lib/simulate/apiServer/rest/server.ts';
import { scaledClock } from '../../lib/simulate/clock.ts';
import { simulatedCluster } from '../../lib/simulate/cluster.ts';
import { serve } from '../kubernetes/serve.ts';
import { web } from './adoptStage.ts';
import { binary, serin, start, temporaryFolder } from './support.ts';

/** API servers, each the context of its name in one kubeconfig. */
async function clusters(...names: string[]) {
  const made = await Promise.all(
    names.map(async (name) => {
      const clock = scaledClock(1);
      const sim = simulatedCluster({ clock, seed: 1 });
      const { server, close } = await serve(restListener(restApi(sim)));
      onTestFinished(async () => {
        clock.stop();
        await close();
      });
      return { name, server, sim };
    }),
  );
  const config = {
    clusters: made.map(({ name, server }) => ({
      ...{ name, cluster: { server, 'insecure-skip-tls-verify': true } },
    })),
    users: [{ name: 'test', user: {} }],
    contexts: made.map(({ name }) => ({ name, context: { cluster: name, user: 'test' } })),
    'current-context': names[0],
  };
  const kubeconfig = join(temporaryFolder(), 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(config));
  return { kubeconfig, sims: made.map(({ sim }) => sim) };
}

type Env = { XDG_STATE_HOME: string };

/** Starts `serin run` as a process, and waits until it says that it drives. */
async function run(kubeconfig: string, env: Env, ...more: string[]) {
  const child = start(['run', '--port', '0', '--kubeconfig', kubeconfig, ...more], env);
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  let isOver = false;
  child.on('exit', () => {
    isOver = true;
  });
  const says = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(said)) {
      if (isOver) throw new Error(`serin run ended: ${said}${err}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  await says(/History is kept/);
  const kill = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') => {
    const exit = once(child, 'exit');
    child.kill(signal);
    const [code] = await exit;
    return code as number | null;
  };
  return { pid: child.pid ?? 0, says, kill, said: () => said };
}

/** The folders of `serin run` below a state folder. */
function folders({ XDG_STATE_HOME }: Env): string[] {
  const all = join(XDG_STATE_HOME, 'serin', 'run');
  return existsSync(all) ? readdirSync(all).map((name) => join(all, name)) : [];
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

describe('where serin run keeps its table', { timeout: 60_000 }, () => {
  it('is a folder of its own, which nobody else can read, and it is there after a restart', async () => {
    const { kubeconfig, sims } = await clusters('one');
    const env = { XDG_STATE_HOME: temporaryFolder() };
    sims[0]?.apply('Rollout', web('web'));
    const first = await run(kubeconfig, env);
    await first.says(/shop\/web {2}completed/);
    const [folder = '', ...others] = folders(env);
    expect(others).toEqual([]);
    expect(first.said()).toContain(`History is kept in ${folder}.`);
    expect(modeOf(folder)).toBe('700');
    const files = readdirSync(folder).map((name) => join(folder, name));
    expect(files.map((file) => basename(file)).sort()).toEqual([
      'serin.db',
      'serin.db-wal',
      'serin.json',
    ]);
    expect([...new Set(files.map(modeOf))]).toEqual(['600']);
    expect(await first.kill()).toBe(0);

    const second = await run(kubeconfig, env);
    const { out } = await serin(['history', 'web', '-n', 'shop'], env);
    expect(out.match(/ completed /g)).toHaveLength(1);
    expect(out).not.toContain(' found ');
    expect(await second.kill()).toBe(0);
  });

  it('forgets at the start what was deleted meanwhile', async () => {
    const { kubeconfig, sims } = await clusters('one');
    const env = { XDG_STATE_HOME: temporaryFolder() };
    for (const name of ['web', 'gone']) sims[0]?.apply('Rollout', web(name));
    const first = await run(kubeconfig, env);
    await first.says(/shop\/web {2}completed/);
    await first.says(/shop\/gone {2}completed/);
    expect(await first.kill()).toBe(0);
    sims[0]?.deleteObject('Rollout', 'shop', 'gone');
    const second = await run(kubeconfig, env);
    const names = async () => (await serin(['list', '-n', 'shop'], env)).out.match(/^[a-z]+/gm);
    await expect.poll(names, { timeout: 10_000 }).toEqual(['web']);
    expect(await second.kill()).toBe(0);
  });

  it('is locked against a second process, which names the first by its number', async () => {
    const { kubeconfig } = await clusters('one');
    const env = { XDG_STATE_HOME: temporaryFolder() };
    const first = await run(kubeconfig, env);
    const { code, out, err } = await binary(
      ['run', '--port', '0', '--kubeconfig', kubeconfig],
      env,
    );
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(new RegExp(`process ${first.pid} has it open, since 20\\S+Z`));
    expect(err).toMatch(/--data.*--in-memory/);
    // What a process leaves that was killed locks nothing.
    await first.kill('SIGKILL');
    const next = await run(kubeconfig, env);
    expect(await next.kill()).toBe(0);
  });

  it('is another for another cluster, and for another instance', async () => {
    const { kubeconfig } = await clusters('one', 'two');
    const env = { XDG_STATE_HOME: temporaryFolder() };
    const running = [
      await run(kubeconfig, env),
      await run(kubeconfig, env, '--context', 'two'),
      await run(kubeconfig, env, '--instance-id', 'blue'),
    ];
    expect(folders(env)).toHaveLength(3);
    for (const each of running) expect(await each.kill()).toBe(0);
  });

  it('is memory where that is asked for, which is said', async () => {
    const { kubeconfig } = await clusters('one');
    const env = { XDG_STATE_HOME: temporaryFolder() };
    const running = await run(kubeconfig, env, '--in-memory');
    expect(running.said()).toContain(
      'History is kept in memory, and is gone when this process is.',
    );
    expect(folders(env)).toEqual([]);
    expect(await running.kill()).toBe(0);
  });

  it('is one or the other', async () => {
    const options = ['--kubeconfig', 'none', '--data', 'x', '--in-memory'];
    const { code, err } = await serin(['run', ...options]);
    expect(err).toMatch(/--in-memory.*--data/);
    expect(code).toBe(2);
  });

  it('that cannot be made is said, with what to do', async () => {
    const { kubeconfig } = await clusters('one');
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const { code, err } = await serin(['run', '--port', '0', '--kubeconfig', kubeconfig], {
      XDG_STATE_HOME: file,
    });
    expect(err).toMatch(/choose a folder that this user may read and write\n.*--data.*--in-memory/);
    expect(code).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe('');
  });
});

describe('serin run at its start', { timeout: 60_000 }, () => {
  it('lists what it leaves alone, once', async () => {
    const { kubeconfig, sims } = await clusters('one');
    const canary = {
      canaryService: 'a',
      stableService: 'b',
      trafficRouting: { plugins: { 'acme/mesh': {} } },
    };
    const routed: Rollout = web('routed', { strategy: { canary } });
    sims[0]?.apply('Rollout', web('driven'));
    sims[0]?.apply('Rollout', routed);
    sims[0]?.apply('Rollout', web('theirs', routed.spec, 'theirs'));
    const env = { XDG_STATE_HOME: temporaryFolder() };
    const running = await run(kubeconfig, env, '--in-memory');
    await running.says(/shop\/driven {2}completed/);
    const lines = running.said().split('\n');
    const at = lines.findIndex((line) =>
      line.endsWith(
        '  These are left alone, since Serin does not carry out yet what they ask for:',
      ),
    );
    expect(lines[at + 1]).toMatch(
      /Z {4}shop\/routed {2}spec\.strategy\.canary\.trafficRouting\.plugins\["acme\/mesh"\]$/,
    );
    expect(running.said().match(/shop\/routed/g)).toHaveLength(1);
    expect(running.said()).not.toContain('shop/theirs');
    expect(await running.kill()).toBe(0);
  });
});
