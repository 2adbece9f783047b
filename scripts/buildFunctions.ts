import { readdir, readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';

// Makes dist/functions/ of functions/lambda/: one file for each Lambda function, with all it needs, so that
// what was tested is what runs. Prints the size of each, and fails when one is larger than it may be: what
// is loaded is paid for at every cold start.

const root = fileURLToPath(new URL('..', import.meta.url));
const entries = `${root}functions/lambda`;
const outdir = `${root}dist/functions`;
const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));

const largeMaxBytes = 1_600_000;
const smallMaxBytes = 600_000;
const bytesMax: Record<string, number> = { reconcile: largeMaxBytes, api: largeMaxBytes };

// One connection pool and its requests, of a package that loads fetch, web sockets, caches and mocks with
// it. The bundles that `npm run test:aws` runs talk to their cluster through it.
const narrowUndici: Plugin = {
  name: 'narrow undici',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: 'narrow' }));
    onLoad({ filter: /.*/, namespace: 'narrow' }, () => ({
      contents: `
        const Dispatcher = require('undici/lib/dispatcher/dispatcher.js');
        Dispatcher.prototype.request = require('undici/lib/api/api-request.js');
        exports.Agent = require('undici/lib/dispatcher/agent.js');`,
      resolveDir: root,
    }));
  },
};

await rm(outdir, { recursive: true, force: true });
const tooLarge: string[] = [];
for (const file of (await readdir(entries)).sort()) {
  const name = basename(file, '.ts');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [`${entries}/${file}`],
    outfile: `${outdir}/${name}/index.mjs`,
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
    plugins: [narrowUndici],
    define: { SERIN_VERSION: JSON.stringify(version) },
    banner: {
      js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const bytes = Object.values(metafile.outputs).reduce((sum, each) => sum + each.bytes, 0);
  const max = bytesMax[name] ?? smallMaxBytes;
  process.stdout.write(`${kilobytes(bytes)}  ${name} (at most ${kilobytes(max).trim()})\n`);
  if (bytes > max) tooLarge.push(`${name} is too large; in it: ${largestIn(metafile)}`);
}
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
  return largest.map(([name, bytes]) => `${name} ${kilobytes(bytes).trim()}`).join(', ');
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`.padStart(10);
}
