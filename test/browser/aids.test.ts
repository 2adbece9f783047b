import { describe, expect, it } from 'vitest';
import { command, examplePath, fits, inspect, open, release, startSerin } from './stage.ts';

describe('weights over time', () => {
  it('are drawn, and told as a table', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath);
    await page.getByText('until somebody promotes it').first().waitFor();
    const chart = page.getByRole('img', { name: /^weight of the canary over time/ });
    await chart.locator('canvas').waitFor();
    const changes = page.getByText(/^\d+ changes?, as a table$/);
    await changes.click();
    const rows = page.locator('section[aria-labelledby="over-time"] tbody tr');
    const before = await rows.count();
    expect(before).toBeGreaterThan(0);
    // Half of two pods, though the step asks for 1 %.
    expect(await rows.last().locator('td').nth(1).textContent()).toBe('1');
    await inspect(page, 'weights-desktop-light');
    await page.setViewportSize({ width: 360, height: 780 });
    await expect.poll(() => fits(page)).toBe(true);
    await command(stage, 'abort', { reason: 'latency' });
    await expect.poll(() => rows.count(), { timeout: 15_000 }).toBeGreaterThan(before);
    await expect.poll(() => rows.last().locator('td').nth(1).textContent()).toBe('0');
  });
});

describe('the keys', () => {
  it('are listed on ?, and can be switched off', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath);
    await page.getByText('until somebody promotes it').first().waitFor();
    await page.keyboard.press('?');
    const list = page.getByRole('dialog', { name: 'Keys' });
    await list.getByText('opens Abort').waitFor();
    await inspect(page, 'keys-desktop-light');
    await list.getByLabel('Single keys do something').uncheck();
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'hidden' });
    await page.keyboard.press('a');
    await page.keyboard.press('?');
    await page.waitForTimeout(300);
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.getByRole('button', { name: 'Keys' }).click();
    await list.getByLabel('Single keys do something').check();
    await page.keyboard.press('Escape');
    await page.keyboard.press('a');
    await page.getByRole('dialog', { name: 'Abort front-api' }).waitFor();
  });
});

describe('a page of another version than the server', () => {
  it('says so, and offers to be loaded again', async () => {
    const stage = await startSerin();
    stage.line.fate((_method, url) =>
      url === '/config.json'
        ? { answer: { status: 200, body: JSON.stringify({ version: '99.0.0' }) } }
        : undefined,
    );
    const page = await open(stage, examplePath);
    await page.getByText('Serin is now version 99.0.0', { exact: false }).waitFor();
    stage.line.fate(() => undefined);
    await page.getByRole('button', { name: 'Load the page again' }).click();
    await page.getByText('Healthy').first().waitFor();
    await page.waitForTimeout(300);
    expect(await page.getByText('Serin is now version', { exact: false }).count()).toBe(0);
  });
});
