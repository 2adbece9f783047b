import { describe, expect, it } from 'vitest';
import type { CanaryStep, RolloutSpec } from '../../lib/model/argo.generated.ts';
import { addService } from '../faults/acts.ts';
import { manifest } from '../faults/stage.ts';
import { openRelease, type Release } from './releasesStage.ts';

const steps: CanaryStep[] = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }];

function canary(of: CanaryStep[] = steps): RolloutSpec {
  return { strategy: { canary: { steps: of } } };
}

async function paused(spec = canary()): Promise<Release> {
  const release = await openRelease(spec);
  await release.image('web:v2', 20_000);
  expect(release.status().phase).toBe('Paused');
  return release;
}

/** How each command ended. */
async function outcomes({ ledger }: Release): Promise<string[]> {
  return (await ledger()).filter(({ kind }) => kind === 'command').map(({ text }) => text);
}

describe('what a command is told to have done', () => {
  it('is what its write did, and not what it would do to what is left', async () => {
    const release = await paused();
    await release.command({ verb: 'pause' }, 10_000);
    await release.command({ verb: 'promote' }, 10_000);
    expect(release.where()).toBe('Paused 1/3');
    const said = 'promote: done. The pause by a person is lifted; it still pauses at step 2 of 3.';
    expect((await outcomes(release)).at(-1)).toBe(said);
    await release.command({ verb: 'promote' }, 20_000);
    expect(release.where()).toBe('Healthy 3/3');
    expect((await outcomes(release)).at(-1)).toBe(
      'promote: done. The pause at step 2 of 3 is lifted.',
    );
  });

  it('is of a rollout that nothing else holds that the pause by a person is over', async () => {
    const release = await openRelease(canary());
    await release.command({ verb: 'pause' }, 10_000);
    await release.command({ verb: 'resume' }, 10_000);
    expect(await outcomes(release)).toEqual([
      'pause: done. The rollout is paused until somebody resumes it.',
      'resume: done. The pause by a person is lifted.',
    ]);
  });

  it('names no step of a blue-green, which has none', async () => {
    const blueGreen = { activeService: 'active', autoPromotionEnabled: false };
    const release = await openRelease({ strategy: { blueGreen } }, { isEmpty: true });
    addService(release.cluster, 'active');
    release.cluster.apply('Rollout', manifest(release.scenario));
    await release.pass(20_000);
    await release.image('web:v2', 20_000);
    await release.command({ verb: 'pause' }, 10_000);
    await release.command({ verb: 'promote' }, 10_000);
    await release.command({ verb: 'promote' }, 10_000);
    expect((await outcomes(release)).slice(-2)).toEqual([
      'promote: done. The pause by a person is lifted; it still pauses before the switch.',
      'promote: done. The pause before the switch is lifted.',
    ]);
  });
});
