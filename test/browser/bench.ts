import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Context } from 'aws-lambda';
import { type Browser, chromium } from 'playwright-core';
import { apiHandler } from '../../functions/api.ts';
import { access } from '../../lib/access/access.ts';
import { newToken, tokenId } from '../../lib/access/tokens.ts';
import { systemClock } from '../../lib/clock.ts';
import { NotFound } from '../../lib/errors.ts';
import { settingsKey } from '../../lib/model/documents.ts';
import { type ApiHandler, localGateway, toEvent } from '../../server/gateway.ts';
import { besidePage } from '../../server/page.ts';
import { fleetOf } from './fleetOf.ts';
import { chromium as chromiumPath } from './programs.ts';

// `npm run bench -- --page`: how long the list of 2,000 rollouts takes the api function's handler, with
// Cedar's policies, and how long a browser takes to show the page.

const count = 2000;
const samples = 20;
const loads = 7;

const { handler, token } = await startApi();
const list = await measureList();
const page = await measurePage();
const rows: [string, string, string][] = [
  [`list of ${count} rollouts, the first, ms`, text(list.firstMs), ''],
  ['the same again, median of 20, ms', text(list.medianMs), aim(list.medianMs, 100)],
  ['of it processor time, ms', text(list.processorMs), ''],
  ['the same, longest, ms', text(list.mostMs), ''],
  ['its answer as it is sent, kB', text(list.bytes / 1000), ''],
  [
    `page: first contentful paint, median of ${loads}, ms`,
    text(page.paintMs),
    aim(page.paintMs, 500),
  ],
  [`the list of ${count} is drawn after, ms`, text(page.listMs), ''],
  ['first load as it is sent (brotli), kB', text(page.bytes / 1000), aim(page.bytes / 1000, 90)],
];
process.stdout.write('| | measured | aim |\n|---|---|---|\n');
for (const cells of rows) process.stdout.write(`| ${cells.join(' | ')} |\n`);
process.exit();

async function startApi() {
  const table = await fleetOf(count);
  const { documents } = table;
  const policies = `permit (principal in Group::"operators", action, resource);
    permit (principal, action == Action::"read", resource in Cluster::"prod-eu");`;
  const settings = { text: JSON.stringify({ policies }), hooks: '[]' };
  const by = { appliedAt: 0, appliedBy: 'bench' };
  await documents.put({ ...settingsKey, version: 0, body: { ...settings, ...by } });
  const given = newToken();
  const body = { name: 'bench', groups: ['operators'], createdAt: 0, createdBy: 'bench' };
  await documents.put({ kind: 'token', id: tokenId(given) ?? '', version: 0, body });
  const nothing = async (): Promise<never> => {
    throw new NotFound('nothing is connected');
  };
  const world = {
    clock: systemClock,
    store: table,
    wakes: { send: async () => {} },
    log: () => {},
    clusters: async () => ['prod-eu', 'prod-us'].map((name) => ({ name, doorbell: true })),
    inquire: nothing,
    invoke: nothing,
  };
  const who = access({ documents, clock: systemClock, log: () => {} });
  const made = apiHandler({ world, ...who, newId: randomUUID });
  return { handler: made as ApiHandler, token: given };
}

async function measureList() {
  const target = '/v1/rollouts?limit=5000';
  const headers = {
    host: '127.0.0.1',
    authorization: `Bearer ${token}`,
    'accept-encoding': 'gzip',
  };
  const times: number[] = [];
  const processor: number[] = [];
  let bytes = 0;
  for (let sample = 0; sample <= samples; sample += 1) {
    const since = performance.now();
    const used = process.cpuUsage();
    const answer = await handler(
      toEvent({ method: 'GET', url: target, headers, httpVersion: '1.1' }, Buffer.alloc(0)),
      {} as Context,
    );
    times.push(performance.now() - since);
    const { user, system } = process.cpuUsage(used);
    processor.push((user + system) / 1000);
    if (answer.statusCode !== 200) throw new Error(`the list was answered ${answer.statusCode}`);
    bytes = Buffer.from(answer.body ?? '', 'base64').byteLength;
  }
  const [firstMs = 0, ...rest] = times;
  const processorMs = medianOf(processor.slice(1));
  return { firstMs, medianMs: medianOf(rest), mostMs: Math.max(...rest), processorMs, bytes };
}

async function measurePage() {
  const gateway = localGateway(await besidePage(handler, ['127.0.0.1']), () => {});
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  const server = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  const executablePath = chromiumPath();
  if (executablePath === undefined)
    throw new Error('no Chromium: npm run test:browser installs it');
  const args = ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'];
  const browser = await chromium.launch({ executablePath, args });
  const taken: Awaited<ReturnType<typeof load>>[] = [];
  // The first one warms the browser up.
  for (let count = 0; count <= loads; count += 1) taken.push(await load(browser, server));
  const counted = taken.slice(1);
  await browser.close();
  gateway.close();
  return {
    paintMs: medianOf(counted.map(({ paintMs }) => paintMs)),
    listMs: medianOf(counted.map(({ listMs }) => listMs)),
    bytes: counted[0]?.bytes ?? 0,
  };
}

/** A tab that has never seen the page. */
async function load(browser: Browser, server: string) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const tab = await context.newPage();
  await tab.goto(`${server}/#${token}`);
  await tab.getByRole('table', { name: 'Rollouts', exact: true }).waitFor();
  const measured = await tab.evaluate(() => {
    const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
    const [shell] = performance.getEntriesByType(
      'navigation' as 'resource',
    ) as PerformanceResourceTiming[];
    const files = entries.filter(({ name }) => name.includes('/assets/') && !name.includes('icon'));
    const [paint] = performance.getEntriesByName('first-contentful-paint');
    const bytes = [...files, ...(shell ? [shell] : [])];
    return {
      paintMs: paint?.startTime ?? Number.NaN,
      listMs: performance.now(),
      bytes: bytes.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    };
  });
  await context.close();
  return measured;
}

function medianOf(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function text(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(1);
}

function aim(value: number, most: number): string {
  return `${most}: ${value <= most ? 'reached' : '**not reached**'}`;
}
