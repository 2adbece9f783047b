import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type BuildOptions, type BuildResult, build, context, type Metafile } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const entry = 'page/main.tsx';

/** What a browser loads before it shows anything, and all that it may ever load; packed by gzip. */
const firstBytesMax = 40_000;
const allBytesMax = 80_000;
const digestLength = 8;

const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

const options = {
  absWorkingDir: root,
  entryPoints: [entry],
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'browser',
  target: ['chrome120', 'firefox121', 'safari17'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  define: { SERIN_VERSION: JSON.stringify(version) },
  metafile: true,
  write: false,
  entryNames: 'assets/[name]-[hash]',
  chunkNames: 'assets/[name]-[hash]',
  legalComments: 'none',
  logLevel: 'warning',
} as const satisfies BuildOptions;

type Built = BuildResult<{ metafile: true; write: false }>;

/** Builds the page into a folder, and answers of which files; throws when it is larger than it may be. */
export async function buildPage(outdir: string, { watch = false } = {}): Promise<string[]> {
  if (!watch) {
    const built = await build({ ...options, outdir });
    await finish(built, outdir);
    return Object.keys(built.metafile.inputs);
  }
  const onEnd = (result: BuildResult): void => {
    if (result.errors.length === 0) void finish(result as Built, outdir).catch(complain);
  };
  const plugins = [
    { name: 'finish', setup: (made: { onEnd: (f: typeof onEnd) => void }) => made.onEnd(onEnd) },
  ];
  await (await context({ ...options, outdir, plugins })).watch();
  return [];
}

function complain(error: Error): void {
  process.stderr.write(`${error.message}\n`);
}

async function finish({ metafile, outputFiles }: Built, outdir: string): Promise<void> {
  await rm(outdir, { recursive: true, force: true });
  await mkdir(join(outdir, 'assets'), { recursive: true });
  const sizes = new Map<string, number>();
  for (const { path, contents } of outputFiles) {
    sizes.set(assetOf(path), await writePacked(path, contents));
  }
  const html = await indexHtml(metafile, outdir);
  const htmlBytes = await writePacked(join(outdir, 'index.html'), Buffer.from(html));
  const first = htmlBytes + sum(firstLoad(metafile), sizes);
  const all = htmlBytes + sum([...sizes.keys()], sizes);
  for (const [name, bytes] of sizes) say(bytes, name);
  say(first, `of the page load first, packed (at most ${kilobytes(firstBytesMax)})`);
  say(all, `of the page in all, packed (at most ${kilobytes(allBytesMax)})`);
  if (first > firstBytesMax || all > allBytesMax) throw new Error('the page is too large');
}

/** Writes a file, and the same packed beside it; answers how long it is when packed by gzip. */
async function writePacked(path: string, contents: Uint8Array): Promise<number> {
  const gzip = gzipSync(contents, { level: 9 });
  await writeFile(path, contents);
  await writeFile(`${path}.gz`, gzip);
  await writeFile(`${path}.br`, brotliCompressSync(contents));
  return gzip.byteLength;
}

async function indexHtml(metafile: Metafile, outdir: string): Promise<string> {
  const template = await readFile(`${root}page/index.html`, 'utf8');
  const icon = await readFile(`${root}page/icon.svg`);
  const digest = createHash('sha256').update(icon).digest('hex').slice(0, digestLength);
  const iconFile = `assets/icon-${digest}.svg`;
  await writePacked(join(outdir, iconFile), icon);
  const { path, css = '' } = entryOf(metafile);
  return template
    .replace('SCRIPT', `/${assetOf(path)}`)
    .replace('STYLE', `/${assetOf(css)}`)
    .replace('ICON', `/${iconFile}`);
}

function assetOf(path: string): string {
  return `assets/${path.split(/[\\/]/).at(-1)}`;
}

function entryOf({ outputs }: Metafile): { path: string; css?: string } {
  const found = Object.entries(outputs).find(([, output]) => output.entryPoint === entry);
  if (found === undefined) throw new Error(`${entry} was not built`);
  const { cssBundle } = found[1];
  return { path: found[0], ...(cssBundle !== undefined && { css: cssBundle }) };
}

/** The entry, its styles, and what it imports without waiting to be asked. */
function firstLoad(metafile: Metafile): string[] {
  const { path, css } = entryOf(metafile);
  const found = new Set<string>();
  const add = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    for (const { path: next, kind } of metafile.outputs[file]?.imports ?? []) {
      if (kind === 'import-statement') add(next);
    }
  };
  add(path);
  return [...found, ...(css === undefined ? [] : [css])].map(assetOf);
}

function sum(names: string[], sizes: Map<string, number>): number {
  return names.reduce((total, name) => total + (sizes.get(name) ?? 0), 0);
}

function say(bytes: number, what: string): void {
  process.stdout.write(`${kilobytes(bytes).padStart(10)}  ${what}\n`);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
