import { describe, expect, it } from 'vitest';
import { command, examplePath, open, release, slow, startSerin } from './stage.ts';

const isPost = (method: string) => method === 'POST';
const problem = (status: number, detail: string) => ({
  answer: {
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify({ type: '/problems/x', title: 'Not allowed', status, detail }),
  },
});

describe('a bad line', () => {
  it('leaves what was seen, says how old it is, and goes on by itself', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath, { mayLog: /Failed to load|ERR_/ });
    await page.getByText('until somebody promotes it').first().waitFor();
    stage.line.fate(() => ({ drop: true }));
    await page.getByText('Not heard since', { exact: false }).waitFor({ timeout: 30_000 });
    expect(await page.locator('.now').textContent()).toContain('Paused');
    await command(stage, 'abort');
    stage.line.fate(() => undefined);
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.getByText('Not heard since', { exact: false }).waitFor({ state: 'detached' });
    await expect.poll(() => page.locator('.now').textContent(), slow).toContain('Degraded');
  });

  it('that is gone is said at once, and nothing can be sent over it', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath, { mayLog: /Failed to load|ERR_/ });
    await page.getByText('until somebody promotes it').first().waitFor();
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Abort…' }).click();
    await page.getByText('This device is offline.').first().waitFor();
    await page.waitForTimeout(500);
    await page.getByRole('button', { name: 'Abort revision 2' }).click({ force: true });
    await page.context().setOffline(false);
    expect(stage.line.asked.filter((each) => each.startsWith('POST'))).toEqual([]);
  });

  it('is not asked for more than it takes', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath, { mayLog: /429/ });
    await page.getByText('until somebody promotes it').first().waitFor();
    stage.line.fate(() => ({ answer: { status: 429, headers: { 'retry-after': '60' } } }));
    await page.getByRole('button', { name: 'Older entries' }).click();
    await page.waitForTimeout(8000);
    const asked = stage.line.asked.length;
    await page.waitForTimeout(6000);
    expect(stage.line.asked.length).toBe(asked);
  });
});

describe('rights', () => {
  it('that are missing are said in words', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath, { mayLog: /403/ });
    await page.getByText('until somebody promotes it').first().waitFor();
    const detail = 'anna may not do this: no policy permits promote on shop.';
    stage.line.fate((method) => (isPost(method) ? problem(403, detail) : undefined));
    await page.getByRole('button', { name: 'Promote…' }).click();
    await page.waitForTimeout(500);
    await page.getByRole('button', { name: 'Promote revision 2' }).click();
    await page.getByText(detail).waitFor();
  });

  it('that end in the middle of a dialog leave the dialog, and what was written in it', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath, { mayLog: /401/ });
    await page.getByText('until somebody promotes it').first().waitFor();
    await page.getByRole('button', { name: 'Abort…' }).click();
    await page.getByLabel('Why?', { exact: false }).fill('latency of checkout');
    await page.waitForTimeout(500);
    stage.line.fate(() => ({ headers: { authorization: 'Bearer another' } }));
    await page.getByRole('button', { name: 'Abort revision 2' }).click();
    // In the dialog, for what lies behind it is hidden.
    const hint = page.getByRole('dialog').getByText('You are signed out', { exact: false });
    await hint.waitFor();
    expect(await page.getByLabel('Why?', { exact: false }).inputValue()).toBe(
      'latency of checkout',
    );
  });

  it('nobody has without a token', async () => {
    const stage = await startSerin();
    const page = await open(stage, examplePath, { token: null });
    await page.getByText('serin open', { exact: false }).waitFor();
    expect(stage.line.asked.filter((each) => each.includes('/v1/'))).toEqual([]);
  });

  it('come with the address, which keeps none, and outlive a reload', async () => {
    const stage = await startSerin();
    const page = await open(stage, examplePath);
    await page.getByText('Healthy').first().waitFor();
    expect(new URL(page.url()).hash).toBe('');
    await page.reload();
    await page.getByText('Healthy').first().waitFor();
    expect(await page.context().cookies()).toEqual([]);
    expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);
  });
});
