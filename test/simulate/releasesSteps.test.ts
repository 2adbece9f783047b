import { describe, expect, it } from 'vitest';
import type { RolloutSpec } from '../../lib/model/argo.generated.ts';
import type { Millis } from '../../lib/model/units.ts';
import type { StepView } from '../../lib/model/view.ts';
import { key } from '../faults/stage.ts';
import { openRelease, type Release } from './releasesStage.ts';

const steps = [{ setWeight: 50 }, { pause: { duration: '30s' } }, { setWeight: 75 }, { pause: {} }];
const canary: RolloutSpec = { strategy: { canary: { maxSurge: 1, maxUnavailable: 0, steps } } };

/** As they are stored, since the release began at `from`: `begun..done text`, in seconds. */
async function track({ simulated }: Release, from: Millis): Promise<string[]> {
  const record = await simulated.world.store.load(key);
  const seconds = (at: Millis | undefined) =>
    at === undefined ? '' : Math.round((at - from) / 1000);
  const line = ({ begunAt, doneAt, text }: StepView) =>
    `${seconds(begunAt)}..${seconds(doneAt)} ${text}`;
  return (record?.view?.steps ?? []).map(line);
}

describe('the steps of a release', () => {
  it('have the times at which they were begun and done', async () => {
    const release = await openRelease(canary);
    const from = release.clock.now();
    expect(await track(release, from)).toEqual(
      ['setWeight: 50', 'pause: 30s', 'setWeight: 75', 'pause'].map((text) => `.. ${text}`),
    );
    await release.image('web:v2', 20_000);
    const first = ['0..2 setWeight: 50', '2.. pause: 30s'];
    expect(await track(release, from)).toEqual([...first, '.. setWeight: 75', '.. pause']);
    await release.pass(60_000);
    const third = ['0..2 setWeight: 50', '2..33 pause: 30s', '33..34 setWeight: 75'];
    expect(await track(release, from)).toEqual([...third, '34.. pause']);
    // Which a fresh look has too.
    const { view } = await release.simulated.world.invoke({ key, look: true });
    expect(view.steps).toEqual((await release.simulated.world.store.load(key))?.view?.steps);
    await release.command({ verb: 'promote' }, 30_000);
    expect(release.status().phase).toBe('Healthy');
    expect(await track(release, from)).toEqual([...third, '34..80 pause']);
  });

  it('tell how far an aborted one had come, and begin anew with a retry', async () => {
    const release = await openRelease(canary);
    const from = release.clock.now();
    await release.image('web:v2', 20_000);
    await release.command({ verb: 'abort' }, 10_000);
    const far = ['0..2 setWeight: 50', '2.. pause: 30s', '.. setWeight: 75', '.. pause'];
    expect(await track(release, from)).toEqual(far);
    await release.command({ verb: 'retry' }, 1000);
    const anew = ['30.. setWeight: 50', '.. pause: 30s', '.. setWeight: 75', '.. pause'];
    expect(await track(release, from)).toEqual(anew);
  });
});
