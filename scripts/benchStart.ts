import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

// How long each bundle of dist/functions/ takes to be ready for its first event, in a fresh process for each
// sample and without the start of Node itself. It is measured on this machine; Lambda's cold start is
// something else, with a processor of its own and the bundle to be fetched first.

const run = promisify(execFile);
const folder = fileURLToPath(new URL('../dist/functions', import.meta.url));

const samples = 10;
const largeMaxMs = 250;
const smallMaxMs = 120;
const maxMs: Record<string, number> = { reconcile: largeMaxMs, api: largeMaxMs };

/** As serverless.yml sets it, with nothing behind the names: a start calls nobody. */
const env = {
  PATH: process.env.PATH,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'none',
  AWS_SECRET_ACCESS_KEY: 'none',
  AWS_LAMBDA_FUNCTION_NAME: 'serin',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
  SERIN_TABLE: 'serin',
  SERIN_QUEUE_URL: 'http://127.0.0.1:9/queue',
  SERIN_RECONCILE_FUNCTION: 'serin-reconcile',
  SERIN_LOOK_FUNCTION: 'serin-look',
  POWERTOOLS_SERVICE_NAME: 'serin',
};

const names = await readdir(folder).catch(() => []);
if (names.length === 0) {
  process.stderr.write('there are no bundles in dist/functions: run `npm run build` first\n');
  process.exit(1);
}
process.stdout.write(
  '| bundle | median ms | of it processor | least, most | aim |\n|---|---|---|---|---|\n',
);
for (const name of names.sort()) {
  const starts: Start[] = [];
  for (let sample = 0; sample < samples; sample += 1) starts.push(await start(name));
  const times = starts.map(({ wallMs }) => wallMs).sort((a, b) => a - b);
  const [least = 0, most = 0] = [times[0], times.at(-1)];
  const median = medianOf(times);
  const processor = medianOf(starts.map(({ processorMs }) => processorMs)).toFixed(0);
  const max = maxMs[name] ?? smallMaxMs;
  const aim = `at most ${max}: ${median <= max ? 'reached' : '**not reached**'}`;
  const range = `${least.toFixed(0)}, ${most.toFixed(0)}`;
  process.stdout.write(`| ${name} | ${median.toFixed(0)} | ${processor} | ${range} | ${aim} |\n`);
}

type Start = { wallMs: number; processorMs: number };

function medianOf(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[samples / 2 - 1] ?? 0) + (sorted[samples / 2] ?? 0)) / 2;
}

async function start(name: string): Promise<Start> {
  const script = `
    const before = { at: performance.now(), usage: process.cpuUsage() };
    const { handler } = await import(${JSON.stringify(pathToFileURL(`${folder}/${name}/index.mjs`))});
    const wallMs = performance.now() - before.at;
    const { user, system } = process.cpuUsage(before.usage);
    if (typeof handler !== 'function') throw new Error('it has no handler');
    process.stdout.write(JSON.stringify({ wallMs, processorMs: (user + system) / 1000 }));
    process.exit();`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
    env,
  });
  return JSON.parse(stdout);
}
