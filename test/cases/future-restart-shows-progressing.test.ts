import { describe, expect, it } from 'vitest';
import { fromTime, minuteMs } from '../../lib/model/units.ts';
import { key } from '../faults/stage.ts';
import { openRelease } from '../simulate/releasesStage.ts';
import { later, patchSpec, specOf } from './casesStage.ts';

// Argo CD's application is Progressing for as long as its Rollout is, and sync waves wait for it.

describe('a rollout that is to be restarted later', () => {
  it('is Healthy until then, and says what is planned', async () => {
    const release = await openRelease(specOf('future-restart-shows-progressing'));
    const restartAt = later(release, 10 * minuteMs);
    const phases = new Set<string | undefined>();
    release.cluster.watch(({ kind, object }) => {
      if (kind === 'Rollout') phases.add(object.status?.phase);
    });
    await patchSpec(release, { restartAt }, 9 * minuteMs);
    expect([...phases]).toEqual(['Healthy']);
    const { view } = await release.simulated.world.invoke({ key, look: true });
    expect(view).toMatchObject({ phase: 'Healthy' });
    expect(view?.reasons).toEqual([
      { text: `All pods are to be replaced at ${restartAt}.`, until: fromTime(restartAt) },
    ]);
    await release.pass(minuteMs + 200);
    expect(release.status()).toMatchObject({
      phase: 'Progressing',
      message: 'rollout is restarting',
    });
  });

  it('is quiet meanwhile', async () => {
    const release = await openRelease(specOf('future-restart-shows-progressing'), {
      doorbell: false,
    });
    await patchSpec(release, { restartAt: later(release, 60 * minuteMs) }, 5 * minuteMs);
    const before = { ...release.dog.requests };
    await release.pass(10 * minuteMs);
    expect(release.dog.requests).toEqual(before);
  });

  it('tells who plans it that it is planned', async () => {
    const release = await openRelease(specOf('future-restart-shows-progressing'));
    const at = later(release, 10 * minuteMs);
    await release.command({ verb: 'restart', at });
    const [entry] = (await release.ledger()).filter(({ kind }) => kind === 'command');
    expect(entry?.text).toContain(`All pods are to be replaced at ${at}`);
  });
});
