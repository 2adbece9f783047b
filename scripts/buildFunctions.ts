import { copyFile, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

// Makes dist/functions/ of functions/lambda/: one file for each Lambda function, with all it needs, so that
// what was tested is what runs. Prints the size of each.

const root = fileURLToPath(new URL('..', import.meta.url));
const entries = `${root}functions/lambda`;
const outdir = `${root}dist/functions`;
const cedarFile = 'cedar_wasm_bg.wasm';
const cedar = createRequire(import.meta.url).resolve('@cedar-policy/cedar-wasm/nodejs');
const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));

await rm(outdir, { recursive: true, force: true });
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
    // Lambda gives a function its credentials in the environment: the ways to look for others stay out.
    alias: { '@aws-sdk/credential-provider-node': `${root}scripts/environmentCredentials.ts` },
    // The names of error classes tell one kind from another across functions.
    keepNames: true,
    metafile: true,
    define: {
      SERIN_VERSION: JSON.stringify(version),
      SERIN_CEDAR_WASM: JSON.stringify(cedarFile),
    },
    banner: {
      js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const bytes = Object.values(metafile.outputs).reduce((sum, each) => sum + each.bytes, 0);
  say(bytes, name);
  // Cedar's code is loaded from beside the bundle that decides with it.
  if (Object.keys(metafile.inputs).some((input) => input.includes('cedar-wasm'))) {
    const copy = `${outdir}/${name}/${cedarFile}`;
    await copyFile(cedar.replace(/[^/]+$/, cedarFile), copy);
    say((await stat(copy)).size, `${name}/${cedarFile}`);
  }
}

function say(bytes: number, what: string): void {
  process.stdout.write(`${`${(bytes / 1000).toFixed(1)} kB`.padStart(10)}  ${what}\n`);
}
