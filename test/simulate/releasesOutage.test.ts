import { describe, expect, it } from 'vitest';
import type { CanaryStep, RolloutSpec } from '../../lib/model/argo.generated.ts';
import { minuteMs, secondMs } from '../../lib/model/units.ts';
import { key, manifest } from '../faults/stage.ts';
import { openRelease, type Release } from './releasesStage.ts';

// The API server is away for a while. What became due meanwhile goes on at the first sign of life, and
// whoever gave a command is told in time that nothing came of it.

const timed: CanaryStep[] = [{ setWeight: 50 }, { pause: { duration: '30s' } }, { setWeight: 75 }];
const held: CanaryStep[] = [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }, { pause: {} }];

function canary(steps: CanaryStep[]): RolloutSpec {
  return { strategy: { canary: { maxSurge: 1, maxUnavailable: 0, steps } } };
}

async function paused(steps: CanaryStep[], { doorbell = true } = {}): Promise<Release> {
  const release = await openRelease(canary(steps), { doorbell });
  // Without a doorbell a change is found by a list, up to a minute later.
  const reach = async (where: string) => {
    for (let count = 0; count < 80 && release.where() !== where; count += 1) {
      await release.pass(secondMs);
    }
    expect(release.where()).toBe(where);
  };
  await reach(`Healthy ${steps.length}/${steps.length}`);
  await release.image('web:v2', 0);
  await reach(`Paused 1/${steps.length}`);
  return release;
}

/** A notice for some other rollout of the cluster. */
async function notice({ simulated }: Release): Promise<void> {
  await simulated.world.wakes.send({ key: { ...key, name: 'other' } }, 0);
}

const intentsOf = async ({ simulated }: Release) =>
  (await simulated.world.store.load(key))?.intents ?? [];

describe('an outage of the API server', () => {
  it.each([75, 88, 600, 3600])(
    'of %i s: one notice for whatever rollout brings back what is due',
    async (seconds) => {
      const release = await paused(timed);
      release.faults.away(seconds * secondMs);
      await release.pass(seconds * secondMs);
      expect(release.where()).toBe('Paused 1/3');
      await notice(release);
      await release.pass(5 * secondMs);
      expect(release.where()).toBe('Healthy 3/3');
      expect(release.dog.violations).toEqual([]);
    },
  );

  it.each([
    [40, 5],
    [75, 20],
    [88, 20],
    [600, 150],
  ])('of %i s, where nobody tells of its end, holds it up for another %i s', async (away, more) => {
    const release = await paused(timed, { doorbell: false });
    release.faults.away(away * secondMs);
    await release.pass((away + more + 5) * secondMs);
    expect(release.where()).toBe('Healthy 3/3');
    expect(release.dog.violations).toEqual([]);
  });

  it('of a minute and more hides no promote that kubectl made meanwhile', async () => {
    const release = await paused(held);
    release.faults.away(5 * minuteMs);
    await release.after({ do: 'plugin', line: 'promote' }, 5 * minuteMs);
    expect(release.status().currentStepIndex).toBe(1);
    await notice(release);
    await release.pass(5 * secondMs);
    expect(release.where()).toBe('Paused 3/4');
    expect(release.dog.violations).toEqual([]);
  });

  it('asks little of a cluster that stays away', async () => {
    const release = await paused(timed);
    release.faults.away(24 * 60 * minuteMs);
    await release.pass(60 * minuteMs);
    const { unreachable } = release.faults.counts;
    await release.pass(60 * minuteMs);
    // Twelve lists an hour, of which each asks for two kinds.
    expect(release.faults.counts.unreachable - unreachable).toBeLessThanOrEqual(24);
    expect(unreachable).toBeLessThanOrEqual(100);
    expect(release.simulated.deadLetters).toEqual([]);
  });
});

describe('a command given while the API server is away', () => {
  it('is told after 60 s that it has expired, and is not carried out later', async () => {
    const release = await paused(held);
    release.faults.away(10 * minuteMs);
    const command = { verb: 'promote' } as const;
    await release.after({ do: 'api', command, dies: false, fresh: false }, 59 * secondMs);
    expect(await intentsOf(release)).toMatchObject([{ command }]);
    expect((await intentsOf(release))[0]?.outcome).toBeUndefined();
    await release.pass(3 * secondMs);
    const detail = 'Nothing was done: it could not be carried out within 60 s.';
    expect(await intentsOf(release)).toMatchObject([{ outcome: { result: 'expired', detail } }]);
    const told = (await release.ledger()).filter(({ kind }) => kind === 'command');
    expect(told).toMatchObject([{ text: `promote: expired. ${detail}` }]);
    await release.pass(9 * minuteMs);
    await notice(release);
    await release.pass(minuteMs);
    expect(release.where()).toBe('Paused 1/4');
    expect(release.dog.violations).toEqual([]);
  });

  it('is told so in the ledger too of a rollout that Serin has not got to see', async () => {
    const release = await openRelease(canary(held), { isEmpty: true, doorbell: false });
    release.cluster.apply('Rollout', manifest(release.scenario));
    await release.after({ do: 'api', command: { verb: 'restart' }, dies: true, fresh: true }, 500);
    expect(await intentsOf(release)).toMatchObject([{ command: { verb: 'restart' } }]);
    release.faults.away(10 * minuteMs);
    await release.simulated.world.wakes.send({ key }, 0);
    await release.pass(70 * secondMs);
    const told = (await release.ledger()).filter(({ kind }) => kind === 'command');
    expect(told).toMatchObject([{ text: expect.stringMatching(/^restart: expired/) }]);
    expect(release.dog.violations).toEqual([]);
  });

  it('is carried out when the API server is back in time', async () => {
    const release = await paused(held);
    release.faults.away(40 * secondMs);
    const command = { verb: 'promote' } as const;
    await release.after({ do: 'api', command, dies: false, fresh: false }, 40 * secondMs);
    await notice(release);
    await release.pass(5 * secondMs);
    expect(release.where()).toBe('Paused 3/4');
    expect(await intentsOf(release)).toMatchObject([{ outcome: { result: 'done' } }]);
    expect(release.dog.violations).toEqual([]);
  });

  it('if it is an abort waits for as long as it takes', async () => {
    const release = await paused(held);
    release.faults.away(10 * minuteMs);
    const command = { verb: 'abort' } as const;
    await release.after({ do: 'api', command, dies: false, fresh: false }, 10 * minuteMs);
    expect(release.status().abort).toBeUndefined();
    await notice(release);
    await release.pass(5 * secondMs);
    expect(release.status().abort).toBe(true);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
    expect(release.dog.violations).toEqual([]);
  });
});
