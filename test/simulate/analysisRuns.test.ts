import { describe, expect, it, vi } from 'vitest';
import { web as webProvider } from '../../lib/decide/analysisRun/providers/web.ts';
import type { Key } from '../../lib/model/key.ts';
import { secondMs, toTime } from '../../lib/model/units.ts';
import { reconcile } from '../../lib/reconcile.ts';
import type { World } from '../../lib/world.ts';
import { analysisStage, jobMetric, web } from './analysisStage.ts';
import { namespace, rollout } from './manifests.ts';

describe('a run of nobody', () => {
  it('is taken up, measured, and ends', async () => {
    const { apply, phaseAfter, run, startedAt, cluster, stored, expectCalm, pass } =
      analysisStage();
    apply('ok', { metrics: [web('seq/1,1,1', { count: 3, interval: '5s' })] });
    expect(await phaseAfter('ok', 4)).toBe('Running');
    expect(run('ok').status?.metricResults?.[0]?.measurements).toHaveLength(1);
    expect(await phaseAfter('ok', 8)).toBe('Successful');
    const at = (seconds: number) => toTime(startedAt + seconds * secondMs);
    expect(run('ok').status).toMatchObject({
      startedAt: at(0),
      completedAt: at(10),
      runSummary: { count: 1, successful: 1 },
      metricResults: [
        {
          name: 'm',
          phase: 'Successful',
          ...{ count: 3, successful: 3, consecutiveSuccess: 3 },
          measurements: [
            { phase: 'Successful', value: '1', startedAt: at(0), finishedAt: at(0) },
            { startedAt: at(5) },
            { startedAt: at(10) },
          ],
        },
      ],
    });
    await pass(secondMs);
    const events = cluster.read.list('Event', namespace).map(({ reason }) => reason);
    expect(events.sort()).toEqual(['AnalysisRunSuccessful', 'MetricSuccessful']);
    expect(await stored('ok')).toBeUndefined();
    expectCalm();
  });

  it('is left alone where it is of another instance', async () => {
    const { apply, phaseAfter, metrics } = analysisStage();
    const labels = { 'argo-rollouts.argoproj.io/controller-instance-id': 'other' };
    apply('other', { metrics: [web('gauge/a')] }, { labels });
    expect(await phaseAfter('other', 70)).toBeUndefined();
    expect(metrics.asked).toEqual([]);
  });

  it('is ended by whoever says so', async () => {
    const { apply, phaseAfter, patch, run } = analysisStage();
    apply('long', { metrics: [web('gauge/a', { interval: '1h' })] });
    expect(await phaseAfter('long', 5)).toBe('Running');
    await patch('long', { spec: { terminate: true } });
    expect(await phaseAfter('long', 2)).toBe('Successful');
    expect(run('long').status?.message).toBe('Run Terminated');
  });

  it.each(['needs', 'measured'] as const)(
    'ends by its limit where Serin makes a mistake in %s',
    async (part) => {
      const { apply, phaseAfter, run, logged, expectCalm } = analysisStage();
      const broken = vi.spyOn(webProvider, part).mockImplementation(() => {
        throw new TypeError('the password is hunter2');
      });
      apply('broken', { metrics: [web('seq/1', { count: 1, consecutiveErrorLimit: 1 })] });
      expect(await phaseAfter('broken', 2)).toBe('Running');
      expect(await phaseAfter('broken', 20)).toBe('Error');
      broken.mockRestore();
      expect(run('broken').status?.message).toBe(
        'Metric "m" assessed Error due to consecutiveErrors (2) > consecutiveErrorLimit (1): ' +
          '"Error Message: Serin made a mistake in measuring; its log says where"',
      );
      const bugs = logged.filter(({ message }) => message === 'a bug was met');
      expect(bugs).toHaveLength(2);
      expect(bugs[0]?.fields).toMatchObject({ name: 'broken', what: 'the measurement of m' });
      expect(JSON.stringify([bugs, run('broken')])).not.toContain('hunter2');
      expectCalm();
    },
  );

  it('is deleted on its time', async () => {
    const { apply, find, pass, stored } = analysisStage();
    const ttlStrategy = { secondsAfterCompletion: 1200 };
    apply('short', { metrics: [web('gauge/a')], ttlStrategy });
    await pass(1199 * secondMs);
    expect(find('short')?.status?.phase).toBe('Successful');
    await pass(4 * secondMs);
    expect(find('short')).toBeUndefined();
    expect(await stored('short')).toBeUndefined();
  });
});

describe('a Job', () => {
  it('is created, looked at, and judged by its end', async () => {
    const { apply, phaseAfter, run, cluster, expectCalm } = analysisStage();
    apply('good', { metrics: [jobMetric('sleep 3')] });
    apply('bad', { metrics: [jobMetric('sleep 1; exit 3')] });
    expect(await phaseAfter('good', 2)).toBe('Running');
    expect(await phaseAfter('good', 6)).toBe('Successful');
    expect(run('bad').status).toMatchObject({
      phase: 'Failed',
      message: 'Metric "m" assessed Failed due to failed (1) > failureLimit (0)',
    });
    const { uid } = run('good').metadata ?? {};
    const job = cluster.read.get('Job', namespace, `${uid}.m.1`);
    expect(job.metadata).toMatchObject({
      labels: { 'analysisrun.argoproj.io/uid': uid },
      annotations: {
        'analysisrun.argoproj.io/name': 'good',
        'analysisrun.argoproj.io/namespace': namespace,
        'analysisrun.argoproj.io/metric-name': 'm',
      },
      ownerReferences: [{ kind: 'AnalysisRun', name: 'good', uid, controller: true }],
    });
    expectCalm();
  });
});

describe('what is measured', () => {
  it('may be null, which is a value like any other', async () => {
    const { apply, phaseAfter, run, expectCalm } = analysisStage();
    const metric = web('value/null', { consecutiveErrorLimit: 0 });
    const { successCondition: _, ...plain } = metric;
    apply('plain', { metrics: [plain] });
    apply('judged', { metrics: [{ ...metric, successCondition: 'isNil(result)' }] });
    apply('empty', { metrics: [{ ...metric, successCondition: 'result > 1' }] });
    expect(await phaseAfter('plain', 2)).toBe('Successful');
    expect(run('plain').status?.metricResults?.[0]?.measurements?.[0]?.value).toBe('null');
    expect(run('judged').status?.phase).toBe('Successful');
    expect(run('empty').status?.message).toContain('metric result is nil or empty');
    expectCalm();
  });

  it('may be nested too deeply, or not be JSON at all', async () => {
    const { apply, phaseAfter, run } = analysisStage();
    apply('deep', { metrics: [web(`value/${'['.repeat(5000)}`, { consecutiveErrorLimit: 0 })] });
    apply('text', { metrics: [web('value/all%20is%20well')] });
    expect(await phaseAfter('deep', 2)).toBe('Error');
    expect(run('deep').status?.message).toContain('the answer is nested too deeply');
    const [result] = run('text').status?.metricResults ?? [];
    expect(result).toMatchObject({ phase: 'Successful', measurements: [{ value: 'all is well' }] });
  });

  it('holds no secret, and the server gets it', async () => {
    const { apply, cluster, phaseAfter, run, metrics } = analysisStage();
    const data = { api: Buffer.from('s3cret').toString('base64') };
    cluster.apply('Secret', { metadata: { name: 'keys', namespace }, data });
    const args = [{ name: 'key', valueFrom: { secretKeyRef: { name: 'keys', key: 'api' } } }];
    const headers = [{ key: 'X-Key', value: '{{args.key}}' }];
    const provider = { web: { url: 'http://metrics/t/echo', headers } };
    const successCondition = 'len(result.headers["x-key"]) == 6';
    apply('mine', { args, metrics: [{ name: 'm', successCondition, provider }] });
    expect(await phaseAfter('mine', 2)).toBe('Successful');
    expect(metrics.asked[0]?.headers).toContainEqual(['X-Key', 's3cret']);
    expect(JSON.stringify(run('mine'))).not.toContain('s3cret');
    expect(run('mine').status?.metricResults?.[0]?.measurements?.[0]?.value).toContain('*****');
  });

  it('cannot be without its secret: the run is an Error', async () => {
    const { apply, phaseAfter, run } = analysisStage();
    const args = [{ name: 'key', valueFrom: { secretKeyRef: { name: 'keys', key: 'api' } } }];
    apply('poor', { args, metrics: [web('gauge/{{args.key}}')] });
    expect(await phaseAfter('poor', 2)).toBe('Error');
    expect(run('poor').status?.message).toBe(
      'Unable to resolve metric arguments: secrets "keys" not found',
    );
  });

  it('is measured once where two turns are at it', async () => {
    const { apply, run, pass, process, metrics, world } = analysisStage({
      clusters: { local: { latencyMs: 40, doorbell: false } },
    });
    apply('twice', { metrics: [web('seq/1,1,1', { interval: '1h' })] });
    const key: Key = { cluster: 'local', kind: 'AnalysisRun', namespace, name: 'twice' };
    // Nothing tells them of each other.
    const store = {
      ...world.store,
      load: async () => undefined,
      save: async (each: never) => each,
    };
    const turns = [process(), process()].map((one) =>
      reconcile({ ...one, store: store as never }, key).catch((error: unknown) => error),
    );
    await pass(5 * secondMs);
    await Promise.all(turns);
    expect(metrics.asked).toHaveLength(2);
    expect(run('twice').status?.metricResults?.[0]).toMatchObject({ count: 1, successful: 1 });
    expect(run('twice').status?.metricResults?.[0]?.measurements).toHaveLength(1);
  });

  it('is not measured again after the clock went back, until its time has come', async () => {
    const { apply, patch, pass, metrics, startedAt } = analysisStage();
    apply('jump', { metrics: [web('gauge/a', { interval: '10s' })] });
    await pass(secondMs);
    const finishedAt = toTime(startedAt + 60 * secondMs);
    const measurements = [{ phase: 'Successful', value: '1', startedAt: finishedAt, finishedAt }];
    const metricResults = [{ name: 'm', phase: 'Running', count: 1, successful: 1, measurements }];
    await patch('jump', { status: { metricResults } });
    await pass(64 * secondMs);
    expect(metrics.asked).toHaveLength(1);
    await pass(8 * secondMs);
    expect(metrics.asked).toHaveLength(2);
  });
});

describe('the Job of a measurement', () => {
  it('is found again where its record was lost', async () => {
    const { apply, cluster, phaseAfter, run, patch, find, pass } = analysisStage();
    apply('lost', { metrics: [jobMetric('sleep 20')] });
    await pass(secondMs);
    expect(cluster.read.list('Job', namespace)).toHaveLength(1);
    // As if the process had ended before it wrote.
    await patch('lost', { status: null });
    expect(await phaseAfter('lost', 5)).toBe('Running');
    expect(cluster.read.list('Job', namespace)).toHaveLength(1);
    expect(find('lost')?.status?.metricResults?.[0]?.measurements).toHaveLength(1);
    expect(await phaseAfter('lost', 30)).toBe('Successful');
    expect(run('lost').status?.metricResults?.[0]?.count).toBe(1);
  });

  it('is deleted with the measurement that is no longer kept', async () => {
    const { apply, cluster, pass, run } = analysisStage();
    const measurementRetention = [{ metricName: 'm', limit: 2 }];
    apply('kept', {
      metrics: [jobMetric('sleep 0', { interval: '1s', count: 4 })],
      measurementRetention,
    });
    await pass(40 * secondMs);
    const { uid } = run('kept').metadata ?? {};
    expect(run('kept').status).toMatchObject({ phase: 'Successful' });
    const names = cluster.read.list('Job', namespace).map(({ metadata }) => metadata?.name);
    expect(names.sort()).toEqual([`${uid}.m.3`, `${uid}.m.4`]);
  });

  it('is deleted when the run is to end, which leaves it inconclusive', async () => {
    const { apply, cluster, phaseAfter, run, patch, pass } = analysisStage();
    apply('stopped', { metrics: [jobMetric('sleep 3600')] });
    await pass(3 * secondMs);
    await patch('stopped', { spec: { terminate: true } });
    expect(await phaseAfter('stopped', 3)).toBe('Inconclusive');
    expect(run('stopped').status?.message).toContain('Metric Terminated');
    expect(cluster.read.list('Job', namespace)).toEqual([]);
    expect(cluster.read.list('Pod', namespace)).toEqual([]);
  });

  it('that the API server refuses is an error of the measurement', async () => {
    const { apply, phaseAfter, run, expectCalm } = analysisStage();
    const [metric] = [jobMetric('sleep 1', { consecutiveErrorLimit: 0 })];
    const spec = { template: { spec: { containers: [{ name: 'c', image: 'probe' }] } } };
    apply('wrong', { metrics: [{ ...metric, provider: { job: { spec } } }] });
    expect(await phaseAfter('wrong', 2)).toBe('Error');
    expect(run('wrong').status?.message).toContain('restartPolicy: Required value');
    expectCalm();
  });
});

describe('the owner of a run', () => {
  it('is woken when its phase changes, and by nothing else that is measured', async () => {
    const { apply, cluster, pass, world } = analysisStage({ doorbellMs: 3_600_000 });
    const owner = cluster.apply('Rollout', rollout({ replicas: 0 }));
    await world.wakes.send({ key: { cluster: 'local', namespace, name: 'web' } }, 0);
    await pass(10 * secondMs);
    const { name = '', uid = '' } = owner.metadata ?? {};
    const ref = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      name,
      uid,
      controller: true,
    };
    const sent: string[] = [];
    const send = world.wakes.send;
    world.wakes.send = async (message, delayMs) => {
      if ('key' in message) sent.push(message.key.kind ?? 'Rollout');
      await send(message, delayMs);
    };
    apply('of', { metrics: [web('seq/1,1,0', { interval: '5s' })] }, { ownerReferences: [ref] });
    const key: Key = { cluster: 'local', kind: 'AnalysisRun', namespace, name: 'of' };
    await reconcileFully(world, key, pass);
    const rolloutWakes = () => sent.filter((kind) => kind === 'Rollout').length;
    expect(rolloutWakes()).toBe(1);
    await pass(6 * secondMs);
    expect(rolloutWakes()).toBe(1);
    await pass(6 * secondMs);
    expect(rolloutWakes()).toBe(2);
  });
});

async function reconcileFully(
  world: World,
  key: Key,
  pass: (ms: number) => Promise<void>,
): Promise<void> {
  const turn = reconcile(world, key);
  await pass(secondMs);
  await turn;
}
