import { describe, expect, it } from 'vitest';
import type { Ask } from '../../lib/api/call.ts';
import { readMetrics } from '../server/metricsText.ts';
import { makeApi, makeRecord, makeView, settledView, start } from './support.ts';

const place = { namespace: 'shop', name: 'web' };

async function served(mayNot?: (ask: Ask) => Promise<string | undefined>) {
  const api = await makeApi({ record: null, deps: mayNot ? { mayNot } : {} });
  const aborted = { phase: 'Degraded', message: 'RolloutAborted: Rollout aborted update' };
  for (const [cluster, over] of [
    ['prod', {}],
    ['staging', aborted],
  ] as const) {
    const key = { cluster, ...place };
    const view = { ...makeView(), ...over, ...key };
    await api.memory.save(makeRecord({ key, view }));
  }
  const name = 'api';
  const view = { ...makeView(), ...settledView, ...place, cluster: 'prod', name, reasons: [] };
  await api.memory.save(makeRecord({ key: { ...place, cluster: 'prod', name }, view }));
  const outage = { since: start - 60_000, failures: 3, retryAt: start + 9000, said: 'no route' };
  await api.memory.documents.put({ kind: 'outage', id: 'staging', version: 0, body: outage });
  const answer = await api.get('/v1/metrics');
  return { ...answer, read: () => readMetrics(answer.body) };
}

describe('GET /v1/metrics', () => {
  it("tells of the rollouts of all clusters under the names of Argo's controller", async () => {
    const { status, headers, read } = await served();
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const strategy = 'canary';
    expect(
      read()
        .get('rollout_info')
        ?.samples.map(({ labels }) => labels),
    ).toEqual([
      { cluster: 'prod', namespace: 'shop', name: 'api', strategy, phase: 'Completed' },
      { cluster: 'prod', ...place, strategy, phase: 'Paused' },
      { cluster: 'staging', ...place, strategy, phase: 'Abort' },
    ]);
    const values = (name: string) =>
      read()
        .get(name)
        ?.samples.map(({ value }) => value);
    expect(values('rollout_info_replicas_desired')).toEqual([2, 2, 2]);
    expect(values('rollout_waits_for_person')).toEqual([0, 1, 1]);
    expect(read().get('cluster_unreachable')?.samples).toMatchObject([
      { labels: { cluster: 'prod' }, value: 0 },
      { labels: { cluster: 'staging' }, value: 1 },
    ]);
  });

  it('tells of those alone that the caller may read', async () => {
    const { read } = await served(async ({ on }) => (on.cluster === 'prod' ? undefined : 'no'));
    const clusters = ['rollout_info', 'cluster_unreachable'].flatMap((name) =>
      read()
        .get(name)
        ?.samples.map(({ labels }) => labels.cluster),
    );
    expect(new Set(clusters)).toEqual(new Set(['prod']));
  });
});
