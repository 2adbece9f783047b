import { expect, it } from 'vitest';
import type { AnalysisRunView, RolloutView } from '../../lib/model/view.ts';
import { makeApi, makeRecord, makeView, start } from '../api/support.ts';
import { serve } from './served.ts';
import { fits, inspect, open } from './stage.ts';

const values = ['[0.99]', '[0.97]', '[NaN]', '[0]', '[0.98]', '[0.99]'];

/** A run beside the steps, with so many of its measurements made. */
function viewWith(count: number): RolloutView {
  const view = makeView();
  const measurements = values.slice(0, count).map((value, index) => ({
    ...{ phase: value === '[0]' ? 'Failed' : 'Successful', value, message: '' },
    startedAt: new Date(start + (index - values.length) * 20_000).toISOString(),
  }));
  const run: AnalysisRunView = {
    ...{ name: 'front-api-bbb-2', type: 'Background', status: 'Running', message: '' },
    ...{ createdAt: start, successful: count - 1, failed: 1, inconclusive: 0, error: 0 },
    metrics: [
      {
        ...{ name: 'success-rate', phase: 'Running', message: '', measurements, measured: count },
        ...{ successCondition: 'result[0] >= 0.95', failed: 1, failureLimit: 3, count: 10 },
        ...{ inconclusive: 0, inconclusiveLimit: 0, consecutiveError: 0, consecutiveErrorLimit: 4 },
        ...{ consecutiveSuccess: 0, consecutiveSuccessLimit: 0 },
      },
    ],
  };
  const [first, ...rest] = view.revisions;
  return { ...view, revisions: [{ ...first!, analysisRuns: [run] }, ...rest] };
}

/** As the record keeps it. */
function withoutMetrics({ revisions, ...view }: RolloutView): RolloutView {
  const kept = revisions.map(({ analysisRuns, ...each }) => ({
    ...each,
    ...(analysisRuns && { analysisRuns: analysisRuns.map(({ metrics: _, ...run }) => run) }),
  }));
  return { ...view, revisions: kept };
}

it('an analysis is drawn against its limit, and told as a table', async () => {
  let count = 4;
  const record = makeRecord({ view: withoutMetrics(viewWith(count)) });
  const api = await makeApi({ record, look: async () => viewWith(count) });
  const stage = await serve(api);
  const page = await open(stage, '/c/prod/n/shop/r/front-api');
  await page.getByRole('heading', { name: 'Analysis' }).waitFor();
  await page.getByText('4 of 10 measured, 1 failed of 3 that may').waitFor();
  await page.getByText('result[0] >= 0.95').waitFor();
  const name = /^success-rate: what was measured/;
  await page.getByRole('img', { name }).locator('canvas').waitFor();
  await page.getByText('4 measurements of success-rate, as a table').click();
  // NaN is a measurement, and 0 is one.
  const rows = page.getByRole('row');
  await expect.poll(() => rows.count()).toBe(5);
  expect(await rows.nth(1).textContent()).toContain('[0]');
  expect(await rows.nth(2).textContent()).toContain('[NaN]');
  count = 6;
  await page.getByText('6 of 10 measured').waitFor({ timeout: 30_000 });
  await inspect(page, 'analysis-desktop-light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await inspect(page, 'analysis-desktop-dark');
  await page.setViewportSize({ width: 360, height: 780 });
  await expect.poll(() => fits(page)).toBe(true);
  await inspect(page, 'analysis-phone-dark');
});
