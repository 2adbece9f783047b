import { afterEach, expect, it, vi } from 'vitest';
import { lambdaCount, published } from '../../lib/aws/metrics.ts';

afterEach(() => vi.restoreAllMocks());

it('writes what was counted as one line that CloudWatch reads, and nothing when nothing was', () => {
  const lines: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  published.after();
  lambdaCount('workqueue_adds_total');
  lambdaCount('workqueue_adds_total');
  lambdaCount('rollout_reconcile', 0.25);
  published.onError();
  published.after();
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    _aws: {
      CloudWatchMetrics: [
        {
          Namespace: 'Serin',
          Dimensions: [['service']],
          Metrics: [
            { Name: 'workqueue_adds_total', Unit: 'Count' },
            { Name: 'rollout_reconcile', Unit: 'Seconds' },
          ],
        },
      ],
    },
    workqueue_adds_total: [1, 1],
    rollout_reconcile: 0.25,
  });
});
