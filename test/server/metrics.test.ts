import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { counted } from '../../lib/metrics/counted.ts';
import { exposition } from '../../lib/metrics/exposition.ts';
import { objectFamilies } from '../../lib/metrics/objects.ts';
import { restApi } from '../../lib/simulate/apiServer/rest/api.ts';
import { restListener } from '../../lib/simulate/apiServer/rest/server.ts';
import { scaledClock } from '../../lib/simulate/clock.ts';
import { simulatedCluster } from '../../lib/simulate/cluster.ts';
import { startObserved } from '../../server/observed.ts';
import { startRun } from '../../server/run.ts';
import { kubeconfigFor } from '../cli/support.ts';
import { serve } from '../kubernetes/serve.ts';
import { rollout } from '../simulate/manifests.ts';
import { readMetrics } from './metricsText.ts';

const place = { namespace: 'shop', name: 'web' };

describe('the text for a Prometheus', () => {
  it('has histograms with rising buckets, and says what is not plain', () => {
    const { count, families } = counted();
    count('rollout_reconcile', 0.2, place);
    count('rollout_reconcile', 3, place);
    count('rollout_events_total', 1, { ...place, reason: 'a "b"\\\n' });
    count('rollout_duration_seconds', 90, { status: 'Aborted' });
    count('clusters_unreachable', 3);
    count('clusters_unreachable', 1);
    const text = exposition(families());
    expect(text).toContain(`\
# HELP rollout_reconcile Rollout reconciliation performance.
# TYPE rollout_reconcile histogram
rollout_reconcile_bucket{namespace="shop",name="web",le="0.01"} 0
rollout_reconcile_bucket{namespace="shop",name="web",le="0.15"} 0
rollout_reconcile_bucket{namespace="shop",name="web",le="0.25"} 1
rollout_reconcile_bucket{namespace="shop",name="web",le="0.5"} 1
rollout_reconcile_bucket{namespace="shop",name="web",le="1"} 1
rollout_reconcile_bucket{namespace="shop",name="web",le="+Inf"} 2
rollout_reconcile_sum{namespace="shop",name="web"} 3.2
rollout_reconcile_count{namespace="shop",name="web"} 2
`);
    const read = readMetrics(text);
    expect(read.get('rollout_events_total')?.samples).toEqual([
      { name: 'rollout_events_total', labels: { ...place, reason: 'a "b"\\\n' }, value: 1 },
    ]);
    expect(read.get('clusters_unreachable')).toMatchObject({
      type: 'gauge',
      samples: [{ value: 1 }],
    });
    const within = read
      .get('rollout_duration_seconds')
      ?.samples.find(({ labels }) => labels.le === '120');
    expect(within).toMatchObject({ labels: { status: 'Aborted' }, value: 1 });
  });

  it('drops what is told of objects that are gone', () => {
    const { count, families, keep } = counted();
    count('rollout_reconcile', 1, place);
    count('rollout_reconcile', 1, { ...place, name: 'old' });
    count('rollout_duration_seconds', 1, { status: 'Promoted' });
    keep('rollout_', new Set(['shop/web']));
    const read = readMetrics(exposition(families()));
    const names = read.get('rollout_reconcile')?.samples.map(({ labels }) => labels.name);
    expect(new Set(names)).toEqual(new Set(['web']));
    expect(read.get('rollout_duration_seconds')?.samples).not.toEqual([]);
  });

  it("tells of objects under the names and labels of Argo's controller", () => {
    const condition = (type: string, reason: string) => ({
      type,
      reason,
      status: 'True',
      message: '',
    });
    const provider = { web: { url: 'http://m' } };
    const families = objectFamilies({
      rollouts: [
        {
          metadata: place,
          spec: { replicas: 3, strategy: { canary: { trafficRouting: { nginx: {}, alb: {} } } } },
          status: {
            ...{ replicas: 4, availableReplicas: 3, updatedReplicas: 1 },
            conditions: [condition('Progressing', 'RolloutPaused')],
          },
        } as never,
      ],
      analysisRuns: [
        {
          metadata: { ...place, name: 'run' },
          spec: { metrics: [{ name: 'm', provider }], dryRun: [{ metricName: 'm' }] },
          status: { phase: 'Running' },
        },
      ],
      experiments: [{ metadata: { ...place, name: 'trial' } }],
      templates: [
        { metadata: { ...place, name: 'check' }, spec: { metrics: [{ name: 'm', provider }] } },
      ],
    });
    const read = readMetrics(exposition(families));
    const one = (name: string) => read.get(name)?.samples.filter(({ value }) => value > 0);
    const phase = 'Paused';
    expect(one('rollout_info')).toMatchObject([
      { labels: { ...place, strategy: 'canary', traffic_router: 'Nginx', phase }, value: 1 },
    ]);
    expect(one('rollout_phase')).toMatchObject([
      { labels: { ...place, strategy: 'canary', phase } },
    ]);
    expect(read.get('rollout_phase')?.samples).toHaveLength(7);
    expect(
      ['available', 'unavailable', 'desired', 'updated'].map(
        (each) => read.get(`rollout_info_replicas_${each}`)?.samples[0]?.value,
      ),
    ).toEqual([3, 1, 3, 1]);
    expect(one('analysis_run_info')).toMatchObject([{ labels: { name: 'run', phase: 'Running' } }]);
    expect(one('analysis_run_metric_phase')).toMatchObject([
      { labels: { name: 'run', metric: 'm', type: 'Web', dry_run: 'true', phase: 'Pending' } },
    ]);
    expect(one('analysis_template_metric_info')).toMatchObject([
      { labels: { name: 'check', metric: 'm', type: 'Web' } },
    ]);
    expect(one('experiment_phase')).toMatchObject([
      { labels: { name: 'trial', phase: 'Pending' } },
    ]);
  });
});

describe('serin run with a port for metrics', () => {
  it('tells of its rollouts, turns, Events and requests, and when it is ready', async () => {
    const clock = scaledClock(1);
    const sim = simulatedCluster({ clock, seed: 1 });
    const api = await serve(restListener(restApi(sim)));
    const log = () => {};
    const observed = await startObserved({ port: 0, host: '127.0.0.1' }, log);
    const get = async (path: string) => await fetch(`http://127.0.0.1:${observed.port}${path}`);
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(503);
    expect((await get('/metrics')).status).toBe(200);
    sim.apply('Rollout', rollout());
    const watches = new AbortController();
    const run = await startRun({
      ...{
        kubeconfig: kubeconfigFor(api.server),
        namespaces: [],
        instanceId: '',
        cluster: 'local',
      },
      ...{ port: 0, userAgent: 'serin/test', env: {}, dir: 'memory', log, observed },
      signal: watches.signal,
    });
    onTestFinished(async () => {
      observed.close();
      await run.close();
      watches.abort();
      clock.stop();
      await api.close();
    });
    expect((await get('/readyz')).status).toBe(200);
    const metrics = async () => readMetrics(await (await get('/metrics')).text());
    const phase = async () => (await metrics()).get('rollout_info')?.samples[0]?.labels.phase;
    await expect.poll(phase, { timeout: 10_000 }).toBe('Completed');
    const read = await metrics();
    const { namespace, name } = rollout().metadata ?? {};
    const labels = { namespace, name };
    expect(read.get('rollout_reconcile')?.samples[0]).toMatchObject({ labels });
    expect(read.get('rollout_events_total')?.samples).toContainEqual({
      name: 'rollout_events_total',
      labels: { ...labels, type: 'Normal', reason: 'RolloutCompleted' },
      value: 1,
    });
    expect(
      read.get('controller_clientset_k8s_request_total')?.samples.map((each) => each.labels),
    ).toContainEqual({
      ...{ kind: 'replicasets', namespace, name: 'N/A', verb: 'Create', status_code: '201' },
    });
    const { headers, status } = await get('/metrics');
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(status).toBe(200);
    expect((await get('/other')).status).toBe(404);
  });
});

it('the dashboard names metrics that there are', () => {
  const table = readFileSync('docs/metrics.md', 'utf8');
  const { panels } = JSON.parse(readFileSync('docs/grafana-dashboard.json', 'utf8'));
  const expressions = panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
    targets.map(({ expr }) => expr),
  );
  const names = expressions.flatMap((each: string) =>
    [...each.matchAll(/\b((?:rollout|analysis|controller)_[a-z0-9_]+)/g)].map(
      ([, name = '']) => name,
    ),
  );
  expect(names.length).toBeGreaterThan(9);
  for (const name of names) {
    const plain = name.replace(/_(bucket|count)$/, '').replace('_unavailable', '_available');
    expect(table).toContain(`\`${plain}\``);
  }
});
