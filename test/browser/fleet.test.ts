import { describe, expect, it } from 'vitest';
import type { ApiDeps, Ask } from '../../lib/api/call.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { makeApi, makeRecord, makeView, settledView, start } from '../api/support.ts';
import { serve } from './served.ts';
import { fits, inspect, open, type Served } from './stage.ts';

/** An API whose table has so many rollouts, most of them at rest, beside the page. */
async function startFleet(count: number, deps: Partial<ApiDeps> = {}): Promise<Served> {
  const api = await makeApi({ record: null, deps });
  for (let index = 0; index < count; index += 1) {
    const cluster = index % 2 === 0 ? 'prod' : 'staging';
    const its = {
      cluster,
      namespace: `team-${index % 20}`,
      name: `app-${String(index).padStart(4, '0')}`,
    };
    await api.memory.save(
      makeRecord({ key: its, view: { ...makeView(), ...its, ...state(index) } }),
    );
  }
  const outage = { since: start - 60_000, failures: 3, retryAt: start + 9000, said: 'no route' };
  await api.memory.documents.put({ kind: 'outage', id: 'staging', version: 0, body: outage });
  return serve(api);
}

function state(index: number): Partial<RolloutView> {
  if (index === 7)
    return {
      phase: 'Degraded',
      reasons: [{ text: 'aborted by ben', since: start - 240_000, unblock: 'retry' }],
    };
  if (index === 8) return {};
  if (index === 9)
    return {
      phase: 'Progressing',
      reasons: [{ text: '3 pods of 10 are to be ready', since: start - 60_000 }],
    };
  return { ...settledView, reasons: [] };
}

describe('the list of all rollouts', () => {
  it('of 2,000 is there at once, those that wait for a person first', async () => {
    const stage = await startFleet(2000);
    const page = await open(stage, '/');
    await page.getByRole('link', { name: 'app-0007' }).waitFor();
    const drawnMs = await page.evaluate(() => {
      const [answer] = performance
        .getEntriesByType('resource')
        .filter(({ name }) => name.includes('/v1/'));
      return performance.now() - (answer as PerformanceResourceTiming).responseEnd;
    });
    expect(drawnMs).toBeLessThan(10_000);
    const first = page.getByRole('table', { name: 'Rollouts', exact: true }).getByRole('row');
    expect(await first.nth(1).textContent()).toContain('app-0007');
    expect(await first.nth(2).textContent()).toContain('app-0008');
    expect(await first.nth(3).textContent()).toContain('app-0009');
    await page.getByText('1997 healthy in 2 clusters').waitFor();
    await page.getByText('staging is not seen since', { exact: false }).waitFor();
    const counts = page.getByRole('navigation', { name: 'Rollouts by phase' });
    expect(await counts.getByRole('link', { name: 'Needs a person 2' }).count()).toBe(1);
    const asked = stage.line.asked.filter((each) => each.includes('/v1/'));
    expect(new Set(asked)).toEqual(new Set(['GET /v1/rollouts?limit=5000']));
  });

  it('is filtered by keyboard, and the address keeps the filter', async () => {
    const stage = await startFleet(60);
    // The rollout that it opens is in the table alone.
    const page = await open(stage, '/', { mayLog: /404/ });
    await page.getByRole('link', { name: 'app-0007' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('app-001 cluster:staging');
    await expect.poll(() => page.getByRole('row').count()).toBe(6);
    expect(new URL(page.url()).searchParams.get('q')).toBe('app-001 cluster:staging');
    await page.reload();
    await expect.poll(() => page.getByRole('row').count()).toBe(6);
    await page.getByRole('heading', { name: 'Serin' }).click();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'app-0011' }).waitFor();
    await page.goBack();
    await expect.poll(() => page.getByRole('row').count()).toBe(6);
    await page.getByLabel('Filter').fill('');
    await page.getByText('57 healthy in 2 clusters').waitFor();
  });

  it('says when there is none', async () => {
    const stage = await startFleet(0);
    const page = await open(stage, '/');
    await page.getByText('There is no rollout here that you may read', { exact: false }).waitFor();
    await inspect(page, 'fleet-empty');
  });

  it.each(['light', 'dark'] as const)('reads well in %s', async (scheme) => {
    const stage = await startFleet(60);
    for (const [size, width, height] of [
      ['desktop', 1280, 900],
      ['phone', 360, 780],
    ] as const) {
      const page = await open(stage, '/', { width, height, scheme, touch: size === 'phone' });
      await page.getByRole('link', { name: 'app-0007' }).waitFor();
      await inspect(page, `fleet-${size}-${scheme}`);
      await page.getByText('57 healthy in 2 clusters').click();
      expect(await fits(page)).toBe(true);
    }
  });
});

describe('a reader', () => {
  it('sees no buttons, and is told so', async () => {
    const mayNot = async ({ action }: Ask) =>
      action === 'read' ? undefined : 'no policy permits it';
    const stage = await startFleet(10, { mayNot });
    const page = await open(stage, '/c/prod/n/team-8/r/app-0008', { mayLog: /404/ });
    await page.getByText('You may look at this rollout, and no more.').waitFor();
    expect(await page.getByRole('button', { name: /Promote|Abort|Pause/ }).count()).toBe(0);
    await inspect(page, 'rollout-reader');
  });
});
