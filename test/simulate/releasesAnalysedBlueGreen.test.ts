import { describe, expect, it } from 'vitest';
import type { RolloutSpec } from '../../lib/model/argo.generated.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { type Analysed, openAnalysed } from './analysedStage.ts';

const templates = [{ templateName: 'check' }];

describe('blue-green', () => {
  const blueGreen = {
    activeService: 'active',
    prePromotionAnalysis: { templates },
    postPromotionAnalysis: { templates },
  };
  const analysed: RolloutSpec = { strategy: { blueGreen } };
  const active = ({ cluster }: Analysed): string | undefined =>
    cluster.read.get('Service', 'shop', 'active').spec?.selector?.[hashLabel];

  it('switches after one analysis, and is done after another', async () => {
    const release = await openAnalysed(analysed);
    const [v1, first] = [active(release), release.status().stableRS];
    expect(v1).toBe(first);
    await release.image('web:v2', 20_000);
    const { currentPodHash } = release.status();
    expect(release.runs()).toEqual(['2-pre PrePromotion Running']);
    expect([active(release), release.where()]).toEqual([v1, 'Progressing 0/0']);
    await release.finish('2-pre', 'Successful', 60_000);
    expect(active(release)).toBe(currentPodHash);
    expect(release.runs()).toEqual([
      '2-pre PrePromotion Successful',
      '2-post PostPromotion Running',
    ]);
    expect(release.status()).toMatchObject({
      stableRS: first,
      message: 'waiting for analysis to complete',
    });
    // Nobody takes the pods that it would go back to.
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
    await release.finish('2-post', 'Successful', 60_000);
    expect(release.status()).toMatchObject({
      ...{ stableRS: currentPodHash, phase: 'Healthy' },
      blueGreen: {
        prePromotionAnalysisRunStatus: { status: 'Successful' },
        postPromotionAnalysisRunStatus: { status: 'Successful' },
      },
    });
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
  });

  it('does not switch to what the analysis before has found bad', async () => {
    const release = await openAnalysed(analysed);
    const v1 = active(release);
    await release.image('web:v2', 20_000);
    await release.finish('2-pre', { phase: 'Failed', message: 'bad' }, 20_000);
    expect(active(release)).toBe(v1);
    expect(release.status().message).toBe(
      'RolloutAborted: Rollout aborted update to revision 2: ' +
        'Blue/green pre-promotion analysis phase error/failed: bad',
    );
    await release.command({ verb: 'retry' }, 20_000);
    expect(release.runs()).toEqual(['2-pre PrePromotion Failed', '2-pre.1 PrePromotion Running']);
  });

  it('goes back from what the analysis after has found bad, and a retry begins anew', async () => {
    const release = await openAnalysed(analysed);
    const v1 = active(release);
    await release.image('web:v2', 20_000);
    await release.finish('2-pre', 'Successful', 20_000);
    await release.finish('2-post', { phase: 'Failed', message: 'bad' }, 20_000);
    expect(active(release)).toBe(v1);
    expect(release.status()).toMatchObject({ abort: true, stableRS: v1 });
    await release.command({ verb: 'retry' }, 20_000);
    expect(release.status().abort).toBeFalsy();
    expect(release.runs().slice(2)).toEqual(['2-pre.1 PrePromotion Running']);
    await release.finish('2-pre.1', 'Successful', 20_000);
    expect(release.runs().slice(3)).toEqual(['2-post.1 PostPromotion Running']);
    await release.finish('2-post.1', 'Successful', 20_000);
    expect(release.status().phase).toBe('Healthy');
  });

  it('is at rest after the switch while the analysis cannot tell, until somebody promotes', async () => {
    const release = await openAnalysed(analysed);
    await release.image('web:v2', 20_000);
    await release.finish('2-pre', 'Successful', 20_000);
    await release.finish('2-post', 'Inconclusive', 20_000);
    expect(release.status()).toMatchObject({ phase: 'Paused', message: 'InconclusiveAnalysisRun' });
    const version = release.dog.live()?.metadata?.resourceVersion;
    await release.pass(300_000);
    expect(release.dog.live()?.metadata?.resourceVersion).toBe(version);
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 4 });
    await release.command({ verb: 'promote' }, 20_000);
    expect(release.runs().slice(2)).toEqual(['2-post.1 PostPromotion Running']);
    await release.finish('2-post.1', 'Successful', 60_000);
    expect(release.status().phase).toBe('Healthy');
  });

  it('asks for consent after the analysis, and one given before is none', async () => {
    const manual = { ...blueGreen, autoPromotionEnabled: false };
    const release = await openAnalysed({ strategy: { blueGreen: manual } });
    await release.image('web:v2', 20_000);
    expect(release.status().message).toBe('active service cutover pending');
    release.cluster.patchStatus('shop', 'web', { pauseConditions: null, controllerPause: true });
    await release.pass(10_000);
    await release.finish('2-pre', 'Successful', 20_000);
    expect(release.status()).toMatchObject({ phase: 'Paused', message: 'BlueGreenPause' });
    await release.command({ verb: 'promote' }, 20_000);
    expect(release.runs()[1]).toBe('2-post PostPromotion Running');
  });

  it('keeps to the order of a full promotion, which waits for no analysis', async () => {
    const release = await openAnalysed(analysed);
    await release.image('web:v2', 20_000);
    await release.finish('2-pre', 'Running');
    await release.command({ verb: 'promote', full: true }, 20_000);
    expect(release.status().phase).toBe('Healthy');
    expect(release.runs()).toEqual(['2-pre PrePromotion terminated']);
  });

  describe('goes back to a version that is kept', () => {
    const manual = { ...blueGreen, autoPromotionEnabled: false, scaleDownDelaySeconds: 300 };

    async function released(): Promise<Analysed> {
      const release = await openAnalysed({ strategy: { blueGreen: manual } });
      await release.image('web:v2', 20_000);
      await release.finish('2-pre', 'Successful', 20_000);
      await release.command({ verb: 'promote' }, 20_000);
      await release.finish('2-post', 'Successful', 20_000);
      expect([release.where(), release.sizes()]).toEqual([
        'Healthy 0/0',
        { 'web:v1': 4, 'web:v2': 4 },
      ]);
      return release;
    }

    it('at once, and nothing is judged', async () => {
      const release = await released();
      await release.image('web:v1', 20_000);
      expect(release.where()).toBe('Healthy 0/0');
      expect(active(release)).toBe(release.status().stableRS);
      expect(release.runs()).toHaveLength(2);
    });

    it('also when it has to get pods first', async () => {
      const release = await released();
      release.cluster.scale('shop', 'web', 6);
      await release.image('web:v1', 30_000);
      expect([release.where(), release.sizes()]).toEqual([
        'Healthy 0/0',
        { 'web:v1': 6, 'web:v2': 6 },
      ]);
      expect(release.runs()).toHaveLength(2);
    });
  });

  it('previews a version that had no pods when the rollout is to have none, and judges it', async () => {
    const previewed = {
      ...blueGreen,
      previewReplicaCount: 3,
      postPromotionAnalysis: null as never,
    };
    const release = await openAnalysed({ replicas: 0, strategy: { blueGreen: previewed } });
    await release.image('web:v2', 60_000);
    await release.finish('2-pre', 'Successful', 60_000);
    expect(release.where()).toBe('Healthy 0/0');
    // An older version: it has all of its 0 pods, and is to be looked at nevertheless.
    await release.image('web:v1', 60_000);
    expect(release.sizes()).toEqual({ 'web:v1': 3 });
    expect(release.runs().at(-1)).toBe('3-pre PrePromotion Running');
    await release.finish('3-pre', 'Successful', 60_000);
    expect(release.where()).toBe('Healthy 0/0');
    expect(release.sizes()).toEqual({});
    expect(release.dog.violations).toEqual([]);
  });
});
