import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { folderAt } from '../lib/packaged.ts';
import { cedarFile } from './cedar.ts';
import { lean } from './lean.ts';

// `npm run executable`: Serin and Node in one file, build/serin, for a machine that has no Node. Of the
// folder dist/, which `npm run build` makes, it takes the page and Cedar's code.
//   --node FILE   the program of Node 24 to put it in: for another system than this one
//   --out FILE    where to
//   --dist DIR    instead of dist/

const { values } = parseArgs({
  options: {
    node: { type: 'string', default: process.execPath },
    out: { type: 'string', default: 'build/serin' },
    dist: { type: 'string', default: 'dist' },
  },
});
const root = resolve(import.meta.dirname, '..');
const out = resolve(values.out);
const dist = resolve(values.dist);
const work = join(dirname(out), `.${basename(out)}`);
/** What Node looks for in its own program. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
/** As of the process that stays: see bin/serin.js. */
const frugal = ['--max-semi-space-size=4', '--heap-growing-percent=30'];

mkdirSync(work, { recursive: true });
const main = join(work, 'serin.cjs');
await build({
  absWorkingDir: root,
  entryPoints: ['cli/serin.ts'],
  outfile: main,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  define: { SERIN_CEDAR_WASM: JSON.stringify(cedarFile), 'import.meta.url': 'executableUrl' },
  banner: { js: "const executableUrl=require('node:url').pathToFileURL(process.execPath).href;" },
  plugins: [lean({ inside: true })],
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
});

const config = join(work, 'config.json');
const blob = join(work, 'blob');
const isOwn = resolve(values.node) === process.execPath;
writeFileSync(
  config,
  JSON.stringify({
    ...{ main, output: blob, disableExperimentalSEAWarning: true, execArgv: frugal },
    // Compiled code is of this system and this Node alone.
    useCodeCache: isOwn,
    assets: assets(),
  }),
);
execFileSync(process.execPath, [...frugal, '--experimental-sea-config', config], { stdio: 'pipe' });
copyFileSync(values.node, out);
chmodSync(out, 0o755);
const isMac = process.platform === 'darwin';
// macOS on arm64 starts nothing whose signature is not of its content.
if (isMac) execFileSync('codesign', ['--remove-signature', out]);
const postject = fileURLToPath(import.meta.resolve('postject/dist/cli.js'));
const where = ['--sentinel-fuse', fuse, '--macho-segment-name', 'NODE_SEA'];
execFileSync(process.execPath, [postject, out, 'NODE_SEA_BLOB', blob, ...where], { stdio: 'pipe' });
if (isMac) execFileSync('codesign', ['--sign', '-', out]);
rmSync(work, { recursive: true });

/** Files by the name that `packaged` asks for. */
function assets(): Record<string, string> {
  const folders = {
    'dist/page': join(dist, 'page'),
    examples: join(root, 'examples'),
    'infra/cluster': join(root, 'infra', 'cluster'),
  };
  const files = Object.entries(folders).flatMap(([folder, place]) =>
    folderAt(place)
      .names()
      .map((name) => [`${folder}/${name}`, join(place, name)]),
  );
  return {
    'package.json': join(root, 'package.json'),
    [`dist/${cedarFile}`]: join(dist, cedarFile),
    ...Object.fromEntries(files),
  };
}
