import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serverFile } from '../../cli/connection.ts';
import type { CommandAnswer } from '../../lib/api/answers.ts';
import type { LedgerEntry } from '../../lib/model/record.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { binary, serin, start, temporaryFolder } from './support.ts';

/** Starts `serin dev` as a process and waits until it takes commands. */
async function dev(...more: string[]) {
  const options = more.length > 0 ? more : ['--speed', '20'];
  const env = { XDG_STATE_HOME: temporaryFolder() };
  const child = start(['dev', '--port', '0', ...options], env);
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      out += chunk;
      if (out.includes('completed')) resolve();
    });
    child.on('exit', () => reject(new Error(`serin dev ended: ${err}`)));
  });
  const stop = async () => {
    const exit = once(child, 'exit');
    child.kill('SIGINT');
    const [code] = await exit;
    return code as number;
  };
  return { env, file: serverFile(child.pid ?? 0, env), stop, said: () => out };
}

const image = ['set', 'image', 'front-api', 'front-api=front-api:new-tag'];

describe('a release with serin dev', { timeout: 120_000 }, () => {
  it('has analyses whose metrics succeed', async () => {
    const folder = temporaryFolder();
    const [rollout, template] = [join(folder, 'rollout.yaml'), join(folder, 'template.yaml')];
    const steps = 'steps:\n      - analysis: {templates: [{templateName: check}]}\n';
    const example = readFileSync('examples/front-api.yaml', 'utf8');
    writeFileSync(rollout, example.replace('steps:\n', steps));
    const provider = { prometheus: { address: 'http://prometheus.monitoring.svc', query: 'up' } };
    const spec = { metrics: [{ name: 'up', successCondition: 'result[0] == 1', provider }] };
    const apiVersion = 'argoproj.io/v1alpha1';
    const object = { apiVersion, kind: 'AnalysisTemplate', metadata: { name: 'check' }, spec };
    writeFileSync(template, JSON.stringify(object));
    const { env, said, stop } = await dev('--speed', '20', rollout, template);
    expect(said()).toContain('All metrics of analyses succeed here');
    await serin(image, env);
    const paused = await serin(['wait', 'front-api', '--for', 'paused', '--timeout', '60s'], env);
    expect(paused.out).toMatch(/Paused - CanaryPauseStep \(step 2\/7/);
    await stop();
  });

  it('goes from the image to healthy, by commands of another terminal', async () => {
    const { env, said, stop } = await dev();
    expect(said()).toMatch(/nothing real is touched/);

    const set = await binary([...image, '--reason', 'sprint 12'], env);
    expect(set.err).toBe('');
    expect(set.out).toMatch(/^front-api: The image of front-api is front-api:new-tag\.\n/);
    const paused = await serin(['wait', 'front-api', '--for', 'paused', '--timeout', '60s'], env);
    expect(paused.out).toMatch(/॥ Paused - CanaryPauseStep \(step 1\/6, weight 1\)\n$/);

    const tree = await serin(['get', 'rollout', 'front-api'], env);
    expect(tree.out).toMatch(/^Images: {10}front-api:new-tag \(canary\)$/m);
    expect(tree.out).toMatch(/^│ {5}└──□ front-api-\w+-\w{5} {2}Pod +✔ Running +\w+ +ready:1\/1$/m);
    const why = await serin(['explain', 'front-api'], env);
    expect(why.out).toMatch(/paused at step 2 of 6 .*\n.*since .*\n.*promote/);

    const expected = ['--expect-revision', '2', '--expect-step', '4'];
    const stale = await serin(['promote', 'front-api', ...expected], env);
    expect(stale).toMatchObject({ code: 1, out: '' });
    expect(stale.err).toMatch(/stepIndex 4 was expected and is 1/);

    const promoted = await serin(['promote', 'front-api', '--reason', 'fine', '-o', 'json'], env);
    const { actor, outcome } = JSON.parse(promoted.out) as CommandAnswer;
    expect(actor.proof).toBe('verified');
    expect(outcome?.result).toBe('done');
    const healthy = await serin(['wait', 'front-api', '--timeout', '60s', '-o', 'json'], env);
    expect((JSON.parse(healthy.out) as RolloutView).phase).toBe('Healthy');

    const { items } = JSON.parse(
      (await serin(['history', 'front-api', '-o', 'json'], env)).out,
    ) as { items: LedgerEntry[] };
    expect(items.find(({ kind }) => kind === 'promoted')).toMatchObject({ actor, reason: 'fine' });
    const kept = items.flatMap(({ pause }) => (pause === undefined ? [] : [pause]));
    expect(kept.map(({ askedMs }) => askedMs)).toEqual([60_000, 10_000]);
    for (const { askedMs, keptMs } of kept) expect(keptMs).toBeGreaterThanOrEqual(askedMs);
    expect(said()).toMatch(/default\/front-api {2}promoted {2}.*/);
    expect(await stop()).toBe(0);
  });

  it('opens to its token alone, and takes what it left behind away', async () => {
    const { env, file, stop } = await dev();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const bad = await serin(['promote', 'front-api', '--token', 'guess'], env);
    expect(bad).toMatchObject({ code: 3, out: '' });
    expect(bad.err).toMatch(/no valid token.*\n.*SERIN_TOKEN/);
    const unknown = await serin(['get', 'nope'], env);
    expect(unknown.code).toBe(3);
    expect(unknown.err).toMatch(/There is no rollout nope .*\n.*serin list/);
    const nothing = await serin(['promote', 'front-api'], env);
    expect(nothing.code).toBe(1);
    expect(nothing.err).toMatch(/nothing is paused/);
    const list = await serin(['list'], env);
    expect(list.out).toMatch(/^front-api +Canary +✔ Healthy +6\/6 +100 +2\/2 +2 +2 +\w+\n$/m);
    expect((await serin(['list', '-n', 'empty'], env)).err).toBe('No rollouts in namespace empty.');
    expect((await serin(['list', '--cluster', 'eu'], env)).code).toBe(3);

    expect(await stop()).toBe(0);
    expect(existsSync(file)).toBe(false);
    const gone = await serin(['list'], env);
    expect(gone.code).toBe(2);
    expect(gone.err).toMatch(/no `serin dev` is running\n.*serin dev/);
  });

  it('ends soon and with 0, whatever is under way', async () => {
    const { env, stop } = await dev('--speed', '1');
    // One release whose pods are still coming up, with its turns, sweeps and timers.
    expect((await serin(image, env)).code).toBe(0);
    const stopped = Date.now();
    expect(await stop()).toBe(0);
    expect(Date.now() - stopped).toBeLessThan(10_000);
  });

  it('keeps the ledger where it is told to', async () => {
    const data = temporaryFolder();
    const first = await dev('--data', data);
    expect(await first.stop()).toBe(0);
    const second = await dev('--data', data);
    const { out } = await serin(['history', 'front-api'], second.env);
    expect(out.match(/ completed /g)).toHaveLength(2);
    const times = out.match(/^20\S+/gm) ?? [];
    expect(times).toEqual(times.toSorted());
    await second.stop();
  });
});

describe('serin dev with the table of an earlier start', { timeout: 120_000 }, () => {
  it('forgets what is gone, and keeps its history', async () => {
    const data = temporaryFolder();
    const first = await dev('--data', data);
    expect(await first.stop()).toBe(0);
    const other = join(temporaryFolder(), 'web.yaml');
    const text = readFileSync('examples/front-api.yaml', 'utf8');
    writeFileSync(other, text.replace('name: front-api', 'name: web'));
    const { env, stop } = await dev(other, '--data', data);
    const names = async () => (await serin(['list'], env)).out.match(/^[a-z-]+/gm);
    await expect.poll(names, { timeout: 10_000 }).toEqual(['web']);
    expect((await serin(['history', 'front-api'], env)).out).toMatch(/ completed /);
    await stop();
  });
});

describe('serin dev of what is not driven', { timeout: 120_000 }, () => {
  const text = readFileSync('examples/front-api.yaml', 'utf8');
  const started = async (...texts: string[]) => {
    const file = join(temporaryFolder(), 'rollouts.yaml');
    writeFileSync(file, texts.join('---\n'));
    const child = start(['dev', file, '--port', '0'], { XDG_STATE_HOME: temporaryFolder() });
    onTestFinished(() => void child.kill('SIGKILL'));
    let out = '';
    for await (const chunk of child.stdout) {
      out += chunk;
      if (/What happens:\n/.test(out)) return out;
    }
    throw new Error(out);
  };
  const routed = text.replace(
    '    canary:\n',
    '    canary:\n      trafficRouting: {plugins: {acme/mesh: {}}}\n',
  );
  const faulty = text.replace('setWeight: 50', 'setWeight: 101');

  it.each([
    [
      routed,
      /front-api: .*Left alone: This version of Serin does not carry out spec.strategy.canary.traffic/,
    ],
    [faulty, /front-api: .*Degraded - InvalidSpec: .*setWeight must be between 0 and 100, not 101/],
  ])('says so, and offers only what shows it', async (manifest, expected) => {
    const out = await started(manifest);
    expect(out).toMatch(expected);
    expect(out).toMatch(/^ {2}serin explain front-api$/m);
    expect(out).not.toMatch(/serin (?:set image|promote)/);
  });

  it('offers commands for another rollout that is', async () => {
    const out = await started(routed, text.replace('name: front-api', 'name: web'));
    expect(out).toMatch(/^front-api: .*Left alone: /m);
    expect(out).toMatch(/^ {2}serin set image web front-api=front-api:new-tag$/m);
  });
});

describe('serin dev that cannot start', () => {
  it.each([
    [['/nonexistent.yaml'], 3, /cannot read/],
    [['package.json', '--port', '70000'], 2, /up to 65535/],
    [['--speed', '0'], 2, /0\.1 to 1000/],
    [['--speed', '2', '--data', 'x'], 2, /--data.*--speed/],
  ])('%j', async (args, exit, message) => {
    const { code, err } = await serin(['dev', ...args]);
    expect(err).toMatch(message);
    expect(code).toBe(exit);
  });

  it('on a port that is taken', async () => {
    const { createServer } = await import('node:http');
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const { code, err } = await serin(['dev', '--port', String(port)]);
    expect(err).toMatch(/cannot listen on port \d+: it is in use\n.*--port/);
    expect(code).toBe(2);
  });

  it('on a folder that is none', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const { code, err } = await serin(['dev', '--port', '0', '--data', file]);
    expect(err).toMatch(/choose a folder .*\n.*--data/);
    expect(code).toBe(2);
  });

  it('on a manifest an API server would refuse', async () => {
    const file = join(temporaryFolder(), 'rollout.yaml');
    writeFileSync(file, 'apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {}\n');
    const state = temporaryFolder();
    mkdirSync(join(state, 'serin'));
    const { code, err } = await serin(['dev', file, '--port', '0'], { XDG_STATE_HOME: state });
    expect(err).toMatch(/metadata.name: Required value\n/);
    expect(code).toBe(1);
    expect(existsSync(serverFile(process.pid, { XDG_STATE_HOME: state }))).toBe(false);
  });
});
