import { describe, expect, it } from 'vitest';
import type { RolloutDurationStatus } from '../../lib/model/argo.generated.ts';
import { fromTime } from '../../lib/model/units.ts';
import { openRelease, type Release } from './releasesStage.ts';

const manual = { canary: { steps: [{ setWeight: 25 }, { pause: {} }] } };
const timed = { canary: { steps: [{ setWeight: 25 }, { pause: { duration: 20 } }] } };

const duration = (release: Release): RolloutDurationStatus => release.status().duration ?? {};

/** From the start of the attempt to its end. */
function seconds({ rolloutStartedAt = '', finishedAt = '' }: RolloutDurationStatus): number {
  return (fromTime(finishedAt) - fromTime(rolloutStartedAt)) / 1000;
}

describe('status.duration', () => {
  it('tells how long the first deployment took', async () => {
    const release = await openRelease({ strategy: manual });
    expect(duration(release)).toMatchObject({ completionStatus: 'Promoted' });
    expect(seconds(duration(release))).toBeLessThan(5);
  });

  it('takes off what a person was waited for', async () => {
    const release = await openRelease({ strategy: manual });
    await release.image('web:v2');
    const started = duration(release);
    const pauseStart = fromTime(release.status().pauseConditions?.[0]?.startTime ?? '');
    expect(pauseStart - fromTime(started.manualPauseStartedAt ?? '')).toBeLessThanOrEqual(1000);
    expect(started.finishedAt).toBeUndefined();
    await release.pass(60_000);
    await release.command({ verb: 'promote' }, 20_000);
    const ended = duration(release);
    expect(ended.rolloutStartedAt).toBe(started.rolloutStartedAt);
    expect(ended).toMatchObject({ completionStatus: 'Promoted' });
    expect(ended.manualPauseStartedAt).toBeUndefined();
    const waited = ended.totalManualPauseDurationSeconds ?? 0;
    expect(waited).toBeGreaterThanOrEqual(60);
    expect(seconds(ended) - waited).toBeLessThan(15);
  });

  it('counts a timed pause as part of the release', async () => {
    const release = await openRelease({ strategy: timed });
    await release.image('web:v2', 40_000);
    expect(release.where()).toBe('Healthy 2/2');
    expect(duration(release).totalManualPauseDurationSeconds).toBeUndefined();
    expect(seconds(duration(release))).toBeGreaterThanOrEqual(20);
  });

  it('ends with an abort, and begins anew with the retry', async () => {
    const release = await openRelease({ strategy: manual });
    await release.image('web:v2');
    await release.command({ verb: 'abort' });
    const aborted = duration(release);
    expect(aborted).toMatchObject({ completionStatus: 'Aborted' });
    await release.command({ verb: 'retry' });
    const again = duration(release);
    expect(again.finishedAt).toBeUndefined();
    expect(fromTime(again.rolloutStartedAt ?? '')).toBeGreaterThan(
      fromTime(aborted.finishedAt ?? ''),
    );
  });

  it.each([
    ['a full promote', 'FastPromoted', (r: Release) => r.command({ verb: 'promote', full: true })],
    ['the stable image again', 'FastRolledBack', (r: Release) => r.image('web:v1')],
  ])('knows %s', async (_, outcome, act) => {
    const release = await openRelease({ strategy: manual });
    await release.image('web:v2');
    const { rolloutStartedAt } = duration(release);
    await act(release);
    await release.pass(10_000);
    expect(release.status().phase).toBe('Healthy');
    expect(duration(release)).toMatchObject({ completionStatus: outcome, rolloutStartedAt });
  });

  it('is that of the newest template', async () => {
    const release = await openRelease({ strategy: manual });
    await release.image('web:v2', 30_000);
    const { rolloutStartedAt } = duration(release);
    await release.image('web:v3');
    expect(duration(release).rolloutStartedAt).not.toBe(rolloutStartedAt);
    expect(duration(release).totalManualPauseDurationSeconds).toBeUndefined();
  });

  it('counts a pause by a person from when it begins', async () => {
    const release = await openRelease({ strategy: timed });
    await release.image('web:v2');
    await release.command({ verb: 'pause' }, 60_000);
    await release.command({ verb: 'resume' }, 30_000);
    expect(release.status().phase).toBe('Healthy');
    expect(duration(release).totalManualPauseDurationSeconds).toBeGreaterThanOrEqual(59);
  });
});
