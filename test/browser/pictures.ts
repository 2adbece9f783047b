import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { readObjects } from '../../cli/manifest.ts';
import { type Embedded, startEmbedded } from '../../server/embedded.ts';
import { chromium as chromiumPath } from './programs.ts';

// `npm run pictures`: makes docs/pictures/ of the page, as it shows releases of the example on a simulated
// cluster.

const folder = join(import.meta.dirname, '..', '..', 'docs', 'pictures');
const bytesMax = 100_000;
const names = ['front-api', 'checkout', 'search', 'basket', 'login', 'orders'];
const executablePath = chromiumPath();
if (executablePath === undefined) throw new Error('no Chromium: npm run test:browser installs it');

const serin = await startEmbedded({ speed: 4, port: 0, log: () => {} });
for (const name of names) await deploy(serin, name);
for (const name of names) await reaches(serin, name, 'Healthy');
await post(serin, 'front-api', 'image', { container: '*', image: 'front-api:2.4.1' });
await post(serin, 'checkout', 'image', { container: '*', image: 'checkout:4.1.0' });
await reaches(serin, 'front-api', 'Paused');
await reaches(serin, 'checkout', 'Paused');
await post(serin, 'checkout', 'abort', { reason: 'error rate' });
await post(serin, 'search', 'image', { container: '*', image: 'search:89' });
await reaches(serin, 'search', 'Paused');

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const release = '/c/local/n/default/r/front-api';
await take(browser, 'rollout', release);
await take(browser, 'rollout-dark', release, { scheme: 'dark' });
await take(browser, 'fleet', '/', { open: true });
await take(browser, 'fleet-phone-dark', '/', { phone: true, scheme: 'dark' });
await take(browser, 'abort-phone', `${release}?ask=abort`, { phone: true });
await browser.close();
await serin.close();
process.exit();

type Look = { phone?: true; scheme?: 'dark'; open?: true };

async function take(from: Browser, name: string, path: string, look: Look = {}): Promise<void> {
  const viewport = look.phone
    ? { width: 360, height: 740 }
    : { width: 1080, height: path === '/' ? 520 : 760 };
  const context = await from.newContext({
    ...{ viewport, colorScheme: look.scheme ?? 'light', reducedMotion: 'reduce' },
    ...(look.phone && { isMobile: true, hasTouch: true }),
  });
  const page = await context.newPage();
  await page.goto(`${serin.server}${path}#${serin.token}`);
  await isDrawn(page, path);
  if (look.open) await page.locator('details.rest > summary').click();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.png`);
  await page.screenshot({ path: file });
  const { size } = statSync(file);
  process.stdout.write(`${(size / 1000).toFixed(0).padStart(6)} kB  ${name}.png\n`);
  if (size > bytesMax) throw new Error(`${name}.png is larger than ${bytesMax / 1000} kB`);
  await context.close();
}

async function isDrawn(page: Page, path: string): Promise<void> {
  if (path.includes('ask=')) await page.getByRole('dialog').waitFor();
  else if (path === '/') await page.getByRole('table').first().waitFor();
  else await page.locator('canvas').first().waitFor();
  await delay(700);
}

async function deploy({ apply }: Embedded, name: string): Promise<void> {
  const input = { stdin: async () => '' };
  const objects = await readObjects(['examples/front-api.yaml'], 'default', input);
  apply(JSON.parse(JSON.stringify(objects).replaceAll('front-api', name)));
}

function pathOf(name: string): string {
  return `${serin.server}/v1/clusters/local/namespaces/default/rollouts/${name}`;
}

function headersOf({ token }: Embedded): Record<string, string> {
  return { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
}

async function post(on: Embedded, name: string, verb: string, body: object): Promise<void> {
  const options = { method: 'POST', headers: headersOf(on), body: JSON.stringify(body) };
  const response = await fetch(`${pathOf(name)}/${verb}`, options);
  if (!response.ok) throw new Error(`${verb} ${name}: ${await response.text()}`);
}

async function reaches(on: Embedded, name: string, phase: string): Promise<void> {
  for (let left = 300; left > 0; left -= 1) {
    const response = await fetch(pathOf(name), { headers: headersOf(on) });
    const view = (await response.json()) as { phase?: string };
    if (view.phase === phase) return;
    await delay(200);
  }
  throw new Error(`${name} does not become ${phase}`);
}
