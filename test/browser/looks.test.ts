import { describe, expect, it } from 'vitest';
import { examplePath, fits, inspect, open, release, startSerin } from './stage.ts';

// Each screen on a desk and on a phone, in light and in dark: pictures, and nothing for axe to find.

const sizes = [
  ['desktop', 1280, 900],
  ['phone', 360, 780],
  ['narrow', 320, 640],
] as const;

describe('a rollout reads well', () => {
  it.each(['light', 'dark'] as const)('in %s', async (scheme) => {
    const stage = await startSerin();
    await release(stage);
    for (const [size, width, height] of sizes) {
      const page = await open(stage, examplePath, {
        width,
        height,
        scheme,
        touch: size !== 'desktop',
      });
      await page.getByText('until somebody promotes it').first().waitFor();
      await page.getByText('Paused at step 2').first().waitFor();
      await inspect(page, `rollout-${size}-${scheme}`);
      expect(await fits(page)).toBe(true);
      if (size === 'phone') {
        await page.locator('.menu > summary').click();
        await inspect(page, `menu-${size}-${scheme}`);
        await page.locator('.menu > summary').click();
      }
      await page.getByRole('button', { name: 'Abort…' }).click();
      await page.getByRole('dialog').waitFor();
      await inspect(page, `abort-${size}-${scheme}`);
    }
  });
});
