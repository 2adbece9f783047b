import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, expect, onTestFinished } from 'vitest';
import { readObjects } from '../../cli/manifest.ts';
import { type Embedded, startEmbedded } from '../../server/embedded.ts';
import { noInput } from '../cli/support.ts';
import { type Line, startLine } from './line.ts';
import { chromium as chromiumPath } from './programs.ts';

// A Serin on a simulated cluster, and a browser that looks at its page through a line that can fail.

const example = { cluster: 'local', namespace: 'default', name: 'front-api' };
export const examplePath = '/c/local/n/default/r/front-api';
const output = join(import.meta.dirname, 'output');
const args = [
  ...['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
  ...['--disable-sync', '--disable-quic', '--disable-dev-shm-usage'],
];

let browser: Promise<Browser> | undefined;
afterAll(async () => {
  await (await browser)?.close();
  browser = undefined;
});

/** The page at the end of a line, and what opens it. */
export type Served = { line: Line; token: string };
export type Stage = Served & { serin: Embedded };

/** Serin with these manifests, or with the example, as `serin dev` starts it. */
export async function startSerin(files = ['examples/front-api.yaml'], speed = 20): Promise<Stage> {
  const log = (level: string, message: string, fields?: object) =>
    level === 'error' ? console.error(message, fields) : undefined;
  const serin = await startEmbedded({ speed, port: 0, log });
  const line = await startLine(serin.server);
  onTestFinished(async () => {
    await line.close();
    await serin.close();
  });
  serin.apply(await readObjects(files, 'default', { ...noInput, warn: () => {} } as never));
  return { serin, line, token: serin.token };
}

/** What a POST of the API answers. */
export async function command({ serin }: Stage, verb: string, body: object = {}, at = example) {
  const path = `/v1/clusters/${at.cluster}/namespaces/${at.namespace}/rollouts/${at.name}/${verb}`;
  const response = await fetch(`${serin.server}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${serin.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** What the API has at a path of the example. */
async function read<T>({ serin }: Stage, more = ''): Promise<T> {
  const { cluster, namespace, name } = example;
  const path = `/v1/clusters/${cluster}/namespaces/${namespace}/rollouts/${name}${more}`;
  const headers = { authorization: `Bearer ${serin.token}` };
  return (await fetch(`${serin.server}${path}`, { headers })).json() as T;
}

/** Starts a release of the example, which then waits for a promote. */
export async function release(stage: Stage, tag = 'new-tag'): Promise<void> {
  const phase = async () => (await read<{ phase?: string }>(stage)).phase;
  await expect.poll(phase, slow).toMatch(/Healthy|Paused/);
  const image = { container: 'front-api', image: `front-api:${tag}`, reason: 'sprint 12' };
  await expect.poll(async () => (await command(stage, 'image', image)).status, slow).toBe(200);
}

export const slow = { timeout: 30_000, interval: 250 };

type Look = {
  width?: number;
  height?: number;
  scheme?: 'light' | 'dark';
  touch?: boolean;
  /** What the browser may say on its console: of answers that the test has asked for. */
  mayLog?: RegExp;
  /** Without one nobody is known. */
  token?: string | null;
};

/** A tab of its own. Any other word on its console fails the test, and so does what a policy refuses. */
export async function open(stage: Served, path: string, look: Look = {}): Promise<Page> {
  const { width = 1280, height = 900, scheme = 'light', touch = false, mayLog, token } = look;
  const context = await (await launched()).newContext({
    viewport: { width, height },
    colorScheme: scheme,
    hasTouch: touch,
    isMobile: touch,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.stack ?? error.message));
  await watchPolicy(context, said);
  onTestFinished(async () => {
    await context.close();
    expect(said.filter((text) => mayLog?.test(text) !== true)).toEqual([]);
  });
  const fragment = token === null ? '' : `#${token ?? stage.token}`;
  await page.goto(`${stage.line.server}${path}${fragment}`);
  return page;
}

async function watchPolicy(context: BrowserContext, said: string[]): Promise<void> {
  await context.exposeBinding('noteViolation', (_source, text: string) => said.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      const note = (globalThis as { noteViolation?: (text: string) => void }).noteViolation;
      note?.(`refused by ${violatedDirective}: ${blockedURI}`);
    });
  });
}

async function launched(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined)
    throw new Error('no Chromium: npm run test:browser installs it');
  browser ??= chromium.launch({ executablePath, args });
  return browser;
}

/** Keeps a picture, and has axe find nothing. */
export async function inspect(page: Page, name: string): Promise<void> {
  mkdirSync(output, { recursive: true });
  await page.screenshot({ path: join(output, `${name}.png`) });
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
  );
  expect(found, name).toEqual([]);
}

/** Whether everything fits without being moved sideways. */
export async function fits(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
}
