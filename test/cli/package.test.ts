import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

// What `npm install` brings: packed, and installed in an empty folder, without a network; and the executable,
// which brings the same without Node.

vi.setConfig({ testTimeout: 120_000 });

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'serin-package-'));
const installed = join(folder, 'app', 'node_modules', 'serin');
const executable = join(folder, 'bin', 'serin');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
let packedBytes = 0;

const npm = async (args: string[], cwd: string): Promise<string> =>
  (await promisify(execFile)('npm', args, { cwd, shell: process.platform === 'win32' })).stdout;

beforeAll(async () => {
  // Apart from the tree, whose own bundle other tests use meanwhile.
  const source = join(folder, 'source');
  for (const path of ['package.json', 'README.md', 'LICENSE', 'bin', 'examples', 'infra/cluster']) {
    cpSync(join(root, path), join(source, path), { recursive: true });
  }
  const build = [join(root, 'scripts', 'build.ts'), join(source, 'dist')];
  await promisify(execFile)(process.execPath, build);
  const packed = await npm(['pack', '--ignore-scripts', '--json'], source);
  const [{ filename }] = JSON.parse(packed);
  const archive = join(source, filename);
  packedBytes = statSync(archive).size;
  cpSync(join(root, 'examples'), join(folder, 'app'), { recursive: true });
  writeFileSync(join(folder, 'app', 'package.json'), '{ "private": true }');
  await npm(['install', '--offline', '--no-audit', archive], join(folder, 'app'));
  const make = [join(root, 'scripts', 'executable.ts'), '--out', executable];
  await promisify(execFile)(process.execPath, [...make, '--dist', join(source, 'dist')]);
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** In the folder where it is installed. */
async function run(program: string, args: string[]) {
  const env = { PATH: process.env.PATH, XDG_STATE_HOME: folder };
  const ran = promisify(execFile)(program, args, { cwd: join(folder, 'app'), env });
  return await ran.then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    ({ code, stdout, stderr }) => ({ code, out: stdout, err: stderr }),
  );
}

/** Under a Node that takes itself for that version. */
function serin(args: string[], version?: string) {
  const versions = `{ ...process.versions, node: '${version}' }`;
  const disguise = `Object.defineProperty(process, 'versions', { value: ${versions} })`;
  const script = `data:text/javascript,${encodeURIComponent(disguise)}`;
  const node = [...(version ? ['--import', script] : []), join(installed, 'bin', 'serin.js')];
  return run(process.execPath, [...node, ...args]);
}

function bytesIn(path: string): number {
  const files = readdirSync(path, { recursive: true, withFileTypes: true });
  const sizes = files.map((file) =>
    file.isFile() ? statSync(join(file.parentPath, file.name)).size : 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

it('is one small folder that installs nothing and runs nothing', () => {
  expect(packedBytes).toBeLessThan(5_000_000);
  expect(bytesIn(installed)).toBeLessThan(15_000_000);
  const modules = readdirSync(join(folder, 'app', 'node_modules')).filter(
    (name) => !/^\./.test(name),
  );
  expect(modules).toEqual(['serin']);
  const { dependencies, scripts, bin } = JSON.parse(
    readFileSync(join(installed, 'package.json'), 'utf8'),
  );
  expect(dependencies).toBeUndefined();
  expect(Object.keys(scripts).filter((name) => /install$/.test(name))).toEqual([]);
  expect(bin).toEqual({ serin: 'bin/serin.js' });
  const files = readdirSync(installed, { recursive: true }).map(String);
  expect(files.filter((file) => /\.node$|\.ts$|^(test|lib|functions)\b/.test(file))).toEqual([]);
  expect(readFileSync(join(installed, 'dist', 'THIRD-PARTY.txt'), 'utf8')).toMatch(/^commander /m);
});

const programs = [
  { what: 'the package', command: [process.execPath, join(installed, 'bin', 'serin.js')] },
  { what: 'the executable', command: [executable] },
];

describe.each(programs)('$what', ({ command: [program = '', ...first] }) => {
  const says = (...args: string[]) => run(program, [...first, ...args]);

  it('runs outside of a clone', async () => {
    expect(await says('--version')).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' });
    expect(await says('lint', 'front-api.yaml')).toMatchObject({ code: 0, err: '' });
    const simulated = await says('simulate', 'front-api.yaml', '--image', 'front-api=front-api:2');
    expect(simulated).toMatchObject({ code: 0, err: '' });
    const settings = join(folder, 'settings.yaml');
    writeFileSync(settings, 'policies: permit (principal, action, resource);\n');
    expect((await says('settings', 'check', settings)).out).toContain('nothing wrong');
    const crds = await says('crds');
    expect(crds.out.match(/kind: CustomResourceDefinition/g)).toHaveLength(5);
    const manifests = await says('manifests', '--image', 'serin:1', '--router', 'alb');
    expect(manifests).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('ingresses'),
    });
    const unknown = await says('manifests', '--image', 'serin:1', '--router', 'haproxy');
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('alb, ambassador') });
  });

  it('starts a cluster to try things on, with its page', async () => {
    const child = execFile(program, [...first, 'dev', '--port', '0'], {
      cwd: join(folder, 'app'),
      env: { PATH: process.env.PATH, XDG_STATE_HOME: folder },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        said += chunk;
      });
    }
    await expect.poll(() => said, { timeout: 60_000 }).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
    const [address = ''] = said.match(/http:\/\/127\.0\.0\.1:\d+/) ?? [];
    const html = await (await fetch(address)).text();
    const [, script = ''] = html.match(/src="([^"]+\.js)"/) ?? [];
    expect((await fetch(new URL(script, address))).status).toBe(200);
    const exit = once(child, 'exit');
    child.kill('SIGINT');
    expect((await exit)[0]).toBe(0);
  });
});

it('on an older Node, does what needs no table, and says what it cannot do', async () => {
  const old = '20.19.0';
  expect(await serin(['lint', 'front-api.yaml'], old)).toMatchObject({ code: 0, err: '' });
  for (const args of [['dev'], ['dev', '--data', join(folder, 'data')], ['demo']]) {
    const { code, out, err } = await serin(args, old);
    expect(err).toBe(
      'serin: this needs Node 24.15 or newer, whose SQLite keeps the table; this is v20.19.0\n' +
        '  Install a newer Node. Commands that ask a server, `lint` and `crds` run on this one.\n',
    );
    expect([code, out]).toEqual([2, '']);
  }
  expect((await serin(['--version'], '18.20.0')).err).toMatch(/^serin: needs Node 20\.19 or newer/);
});
