import { describe, expect, it } from 'vitest';
import type { Pod } from '../../lib/model/argo.generated.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { nameOf } from '../../lib/model/workload.ts';
import { key, target } from '../faults/stage.ts';
import { openRelease, type Release } from '../simulate/releasesStage.ts';
import { podNames, podsOf, specOf } from './casesStage.ts';

// Somebody has put a Secret right and does not wait for a back-off of five minutes.

const spec = specOf('restart-of-pods-that-are-down');

/** Pods that run and do not get ready: these, and those that come until it is mended. */
async function down(replicas: number, isDown: (pod: Pod) => boolean): Promise<Release> {
  const release = await openRelease({ ...spec, replicas }, { isEmpty: true });
  release.cluster.failPods(isDown);
  const manifest = { metadata: { ...target }, spec: { ...spec, replicas } };
  release.cluster.apply('Rollout', manifest);
  await release.pass(minuteMs);
  return release;
}

function mend({ cluster }: Release): void {
  cluster.failPods(() => false);
}

describe('a restart', () => {
  it('replaces pods that serve nobody at once', async () => {
    const release = await down(2, () => true);
    expect(release.status().availableReplicas).toBeUndefined();
    const before = podNames(release);
    mend(release);
    await release.after({ do: 'plugin', line: 'restart' }, 1500);
    const names = podNames(release);
    expect(names).toHaveLength(2);
    expect(names.filter((name) => before.includes(name))).toEqual([]);
    await release.pass(10_000);
    expect(release.status()).toMatchObject({ phase: 'Healthy', availableReplicas: 2 });
    expect(release.status().restartedAt).toBe(release.dog.live()?.spec?.restartAt);
  });

  it('leaves those that serve until the others are back', async () => {
    const broken = new Set<string>();
    const release = await down(4, (pod) => {
      if (broken.size < 2) broken.add(nameOf(pod));
      return broken.has(nameOf(pod));
    });
    expect(release.status().availableReplicas).toBe(2);
    let least = 4;
    const ready = (): string[] =>
      podsOf(release)
        .filter(({ status }) =>
          status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'),
        )
        .map(nameOf);
    const served = ready();
    release.cluster.watch(({ kind }) => {
      if (kind === 'Pod') least = Math.min(least, ready().length);
    });
    const before = podNames(release);
    // The pods that come now do not get ready either.
    release.cluster.failPods(() => true);
    await release.after({ do: 'plugin', line: 'restart' }, minuteMs);
    expect(podNames(release).filter((name) => before.includes(name))).toEqual(served.sort());
    const { view } = await release.simulated.world.invoke({ key, look: true });
    expect(view?.reasons.map(({ text }) => text).join(' ')).toMatch(
      /being replaced: 2 left\. No more may be missing at a time\./,
    );
    expect(least).toBe(2);
    expect(release.dog.violations).toEqual([]);
  });

  it('counts a pod that is ready and not yet available among those that serve', async () => {
    const release = await openRelease({ ...spec, replicas: 4, minReadySeconds: 600 });
    const before = podNames(release);
    await release.after({ do: 'plugin', line: 'restart' }, minuteMs);
    expect(podNames(release)).toEqual(before);
  });
});
