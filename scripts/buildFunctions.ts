import { copyFile, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { requireBanner } from './banner.ts';
import { bundlePlugins, tracerBeside, tracerFile } from './bundlePlugins.ts';
import { cedarFile, copyCedar } from './cedar.ts';
import { buildPage } from './page.ts';

// Makes dist/functions/ of functions/lambda/: one file for each Lambda function, with all it needs, so that
// what was tested is what runs. Prints the size of each, and fails when one is larger than it may be: what
// is loaded is paid for at every cold start.

const root = fileURLToPath(new URL('..', import.meta.url));
const entries = `${root}functions/lambda`;
const outdir = `${root}dist/functions`;
const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));

const largeMaxBytes = 1_600_000;
const smallMaxBytes = 600_000;
const bytesMax: Record<string, number> = {
  reconcile: largeMaxBytes,
  api: largeMaxBytes,
  // A click in Slack is judged by policies, which are read from YAML. They are loaded with the first.
  hooks: 900_000,
};

await rm(outdir, { recursive: true, force: true });
const options = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // The ES modules of a package are the ones that can be shaken.
  mainFields: ['module', 'main'],
  minify: true,
  // The names of error classes tell one kind from another across functions.
  keepNames: true,
  metafile: true,
  banner: requireBanner,
  logLevel: 'warning',
} as const satisfies BuildOptions;
const tooLarge: string[] = [];
for (const file of (await readdir(entries)).sort()) {
  const name = basename(file, '.ts');
  const { metafile } = await build({
    ...options,
    entryPoints: [`${entries}/${file}`],
    outfile: `${outdir}/${name}/index.mjs`,
    plugins: [...bundlePlugins, tracerBeside],
    define: {
      SERIN_VERSION: JSON.stringify(version),
      SERIN_CEDAR_WASM: JSON.stringify(cedarFile),
    },
  });
  const bytes = Object.values(metafile.outputs).reduce((sum, each) => sum + each.bytes, 0);
  const max = bytesMax[name] ?? smallMaxBytes;
  say(bytes, `${name} (at most ${kilobytes(max)})`);
  if (bytes > max) tooLarge.push(`${name} is too large; in it: ${largestIn(metafile)}`);
  // Cedar's code is loaded from beside the bundle that decides with it.
  if (Object.keys(metafile.inputs).some((input) => input.includes('cedar-wasm'))) {
    const copy = await copyCedar(`${outdir}/${name}`);
    say((await stat(copy)).size, `${name}/${cedarFile}`);
  }
}
// What the function of the page sends.
await buildPage(`${outdir}/page/files`);
// Loaded only where calls are traced, so it is in no bundle.
const tracer = `${outdir}/${tracerFile}`;
await build({ ...options, entryPoints: [`${root}lib/aws/tracer.ts`], outfile: tracer });
for (const folder of await readdir(outdir, { withFileTypes: true })) {
  if (folder.isDirectory()) await copyFile(tracer, `${outdir}/${folder.name}/${tracerFile}`);
}
say((await stat(tracer)).size, `*/${tracerFile}, for traced calls`);
await rm(tracer);
if (tooLarge.length > 0) {
  process.stderr.write(`${tooLarge.join('\n')}\n`);
  process.exitCode = 1;
}

function largestIn({ outputs }: Metafile): string {
  const bytesOf: Record<string, number> = {};
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const names = path.match(/(?<=node_modules\/)(?:@[^/]+\/)?[^/]+/g);
      const name = names?.at(-1) ?? 'serin';
      bytesOf[name] = (bytesOf[name] ?? 0) + bytesInOutput;
    }
  }
  const sorted = Object.entries(bytesOf).sort(([, a], [, b]) => b - a);
  const largest = sorted.slice(0, 8);
  return largest.map(([name, bytes]) => `${name} ${kilobytes(bytes)}`).join(', ');
}

function say(bytes: number, what: string): void {
  process.stdout.write(`${kilobytes(bytes).padStart(10)}  ${what}\n`);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
