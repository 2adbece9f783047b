import { describe, expect, it } from 'vitest';
import { examplePath, fits, inspect, open, release, slow, startSerin } from './stage.ts';

describe('a release on the page', () => {
  it('is promoted by keyboard alone, with a reason', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath);
    await page.getByText('until somebody promotes it').first().waitFor();
    await page.keyboard.press('p');
    const dialog = page.getByRole('dialog', { name: 'Promote front-api in local / default?' });
    await dialog.waitFor();
    // No phone keyboard over the buttons: the title has the focus.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('act-title');
    const why = dialog.getByLabel('Why?', { exact: false });
    for (let tabs = 0; tabs < 6; tabs += 1) {
      await page.keyboard.press('Tab');
      if (await why.evaluate((field) => field === document.activeElement)) break;
    }
    await page.keyboard.type('the error rate is fine');
    await page.waitForTimeout(500);
    await page.keyboard.press('Control+Enter');
    await dialog.getByText('carried out').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('the error rate is fine').first().waitFor();
    await expect.poll(() => page.locator('.now').textContent(), slow).toMatch('Healthy');
    await expect.poll(() => page.title(), slow).toBe('Healthy: front-api · Serin');
  });

  it('is aborted on a phone by one tap and a confirmation', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath, { width: 360, height: 780, touch: true });
    await page.getByText('until somebody promotes it').first().waitFor();
    await page.getByRole('button', { name: 'Abort…' }).tap();
    const dialog = page.getByRole('dialog');
    await page.waitForTimeout(500);
    const confirm = dialog.getByRole('button', { name: 'Abort revision 2' });
    // A finger hits it.
    expect((await confirm.boundingBox())?.height).toBeGreaterThanOrEqual(48);
    await confirm.tap();
    await dialog.getByText('carried out').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).tap();
    await expect.poll(() => page.locator('.now').textContent(), slow).toMatch('Degraded');
  });

  it('is not acted on by the tap that opened the dialog, and not twice', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath);
    await page.getByText('until somebody promotes it').first().waitFor();
    await page.evaluate(() => {
      const press = (label: string) =>
        [...document.querySelectorAll('button')]
          .find(({ textContent }) => textContent?.startsWith(label))
          ?.click();
      press('Abort…');
      setTimeout(() => press('Abort revision 2'), 50);
    });
    await page.waitForTimeout(600);
    expect(stage.line.asked.filter((each) => each.startsWith('POST'))).toEqual([]);
    await page.getByRole('button', { name: 'Abort revision 2' }).dblclick();
    await page.getByText('carried out').waitFor();
    expect(stage.line.asked.filter((each) => each.startsWith('POST'))).toHaveLength(1);
  });

  it('that has moved on is not promoted unseen: what differs is said', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath, { mayLog: /409/ });
    await page.getByText('until somebody promotes it').first().waitFor();
    await page.getByRole('button', { name: 'Promote…' }).click();
    const dialog = page.getByRole('dialog');
    await page.waitForTimeout(500);
    await release(stage, 'newer-tag');
    await dialog.getByRole('button', { name: 'Promote revision 2' }).click();
    await dialog.getByText('revision 2 was expected and is 3', { exact: false }).waitFor();
    expect(await dialog.getByRole('row', { name: 'revision 2 3' }).count()).toBe(1);
    await dialog.getByRole('button', { name: 'Promote revision 3 instead' }).click();
    await dialog.getByRole('button', { name: 'Promote revision 3', exact: true }).waitFor();
  });

  it('that does not wait for anything says why it cannot be promoted', async () => {
    const stage = await startSerin();
    const page = await open(stage, examplePath);
    await expect.poll(() => page.locator('.now').textContent(), slow).toContain('Healthy');
    const promote = page.getByRole('button', { name: 'Promote…' });
    await expect.poll(() => promote.getAttribute('aria-disabled')).toBe('true');
    expect(await promote.textContent()).toMatch(/not now: .*nothing is paused/i);
    await page.keyboard.press('p');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('is gone back from, to a revision that is chosen', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath);
    await page.getByText('until somebody promotes it').first().waitFor();
    await page.keyboard.press('u');
    const dialog = page.getByRole('dialog', { name: 'Go back' });
    await dialog.getByText('The template of revision 1', { exact: false }).waitFor();
    await dialog.getByLabel('Why?', { exact: false }).fill('wrong image');
    await page.waitForTimeout(500);
    await dialog.getByRole('button', { name: 'Go back' }).click();
    await dialog.getByText('carried out').waitFor();
    const [sent] = stage.line.asked.filter((each) => each.startsWith('POST'));
    expect(sent).toMatch(/\/undo$/);
  });

  it('shows what comes next, folded up on a phone', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath);
    await page.getByText('until somebody promotes it').first().waitFor();
    const lines = page.getByRole('list', { name: 'What comes next' }).getByRole('listitem');
    const shown = async () =>
      (await lines.allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
    await expect
      .poll(shown, slow)
      .toEqual([
        'then 10 %: 1 new pod, 2 old',
        'then a pause of 60 s',
        '60 s later 50 %: 1 new pod, 1 old',
        '60 s later a pause of 10 s',
        '70 s later promoted: 2 new pods',
      ]);
    const phone = await open(stage, examplePath, { width: 360, height: 780, touch: true });
    const folded = phone.getByText('What comes next', { exact: true });
    await folded.waitFor();
    expect(await phone.getByText('10 %: 1 new pod, 2 old').isVisible()).toBe(false);
    await folded.tap();
    await phone.getByText('10 %: 1 new pod, 2 old').waitFor();
    await inspect(phone, 'coming-phone');
    expect(await fits(phone)).toBe(true);
  });

  it('tells before an abort what it will do', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, examplePath);
    await page.getByText('until somebody promotes it').first().waitFor();
    await page.getByRole('button', { name: 'Abort…' }).click();
    await page.getByText('stops here', { exact: false }).waitFor();
    await page.getByText('retry would start it again', { exact: false }).waitFor();
  });
});

describe('a link', () => {
  it('opens the dialog that it asks for, and does nothing by itself', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, `${examplePath}?revision=2&ask=abort`);
    await page.getByRole('dialog', { name: 'Abort front-api' }).waitFor();
    expect(stage.line.asked.filter((each) => each.startsWith('POST'))).toEqual([]);
  });

  it('about another revision opens none', async () => {
    const stage = await startSerin();
    await release(stage);
    const page = await open(stage, `${examplePath}?revision=7&ask=abort`);
    await page.getByText('The link was about revision 7; 2 is running.').waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
  });
});
