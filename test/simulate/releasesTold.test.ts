import { describe, expect, it } from 'vitest';
import type {
  BlueGreenStrategy,
  CanaryStep,
  Pod,
  PodTemplateSpec,
  Rollout,
  RolloutSpec,
} from '../../lib/model/argo.generated.ts';
import type { Command } from '../../lib/model/intent.ts';
import { keyText } from '../../lib/model/key.ts';
import { fieldManager } from '../../lib/model/names.ts';
import type { LedgerKind } from '../../lib/model/record.ts';
import { secondMs, toTime } from '../../lib/model/units.ts';
import { imagesOf, nameOf, uidOf } from '../../lib/model/workload.ts';
import { addService, editRollout } from '../faults/acts.ts';
import { key, manifest, target } from '../faults/stage.ts';
import { openAnalysed } from './analysedStage.ts';
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

async function pausedBlueGreen(fields: Partial<BlueGreenStrategy> = {}): Promise<Release> {
  const blueGreen = { activeService: 'active', autoPromotionEnabled: false, ...fields };
  const release = await openRelease({ strategy: { blueGreen } }, { isEmpty: true });
  addService(release.cluster, 'active');
  release.cluster.apply('Rollout', manifest(release.scenario));
  await release.pass(20_000);
  await release.image('web:v2', 20_000);
  return release;
}

/** How each command ended. */
async function outcomes({ ledger }: Release): Promise<string[]> {
  return (await ledger()).filter(({ kind }) => kind === 'command').map(({ text }) => text);
}

/** What the ledger tells of one kind, and of whom. */
async function told({ ledger }: Release, kind: LedgerKind): Promise<string[]> {
  const entries = (await ledger()).filter((entry) => entry.kind === kind);
  return entries.map(({ actor, text }) => `${actor.name} ${actor.proof}: ${text}`);
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
    const release = await pausedBlueGreen();
    await release.command({ verb: 'pause' }, 10_000);
    await release.command({ verb: 'promote' }, 10_000);
    await release.command({ verb: 'promote' }, 10_000);
    expect((await outcomes(release)).slice(-2)).toEqual([
      'promote: done. The pause by a person is lifted; it still pauses before the switch.',
      'promote: done. The pause before the switch is lifted.',
    ]);
  });
});

/** Other pods take the place of those of the new version: they come up, or they do not. */
function replaceNew({ cluster }: Release, isToFail: boolean): void {
  const isNew = (pod: Pod): boolean => imagesOf(pod as PodTemplateSpec).includes('web:v2');
  cluster.failPods((pod) => isToFail && isNew(pod));
  const pods = cluster.read.list('Pod', target.namespace).filter(isNew);
  for (const pod of pods) cluster.deleteObject('Pod', target.namespace, nameOf(pod));
}

/** Paused for 17 seconds because the run of a step cannot tell. */
async function inconclusive(): Promise<Release> {
  const templates = [{ templateName: 'check' }];
  const steps: CanaryStep[] = [{ setWeight: 25 }, { analysis: { templates } }, { setWeight: 50 }];
  const release = await openAnalysed({ strategy: { canary: { steps } } });
  await release.image('web:v2', 20_000);
  await release.finish('2-1', 'Inconclusive', 18_000);
  return release;
}

describe('who promoted it', () => {
  const timed: CanaryStep[] = [
    { setWeight: 25 },
    { pause: { duration: '10m' } },
    { setWeight: 50 },
  ];
  const twice: CanaryStep[] = [{ setWeight: 25 }, { pause: {} }, { pause: {} }, { setWeight: 50 }];
  const full = { verb: 'promote', full: true } as const;
  const skip = { verb: 'promote', skipCurrentStep: true } as const;
  const skipAll = { verb: 'promote', skipAllSteps: true } as const;

  it.each<[string, () => Promise<Release>, Command, string]>([
    ['in full', paused, full, 'Promoted in full after a pause of 18s'],
    ['past a step', paused, skip, 'Promoted after a pause of 18s'],
    ['past all steps', paused, skipAll, 'Promoted after a pause of 18s'],
    ['past an analysis that cannot tell', inconclusive, skipAll, 'Promoted after a pause of 17s'],
    [
      'in full in a timed pause',
      () => paused(canary(timed)),
      full,
      'Promoted in full after 18s of a pause of 10m',
    ],
    [
      'past a timed pause',
      () => paused(canary(timed)),
      skip,
      'Promoted after 18s of a pause of 10m',
    ],
    ['a blue-green in full', pausedBlueGreen, full, 'Promoted in full after a pause of 18s'],
    [
      'a blue-green in full before its time',
      () => pausedBlueGreen({ autoPromotionEnabled: true, autoPromotionSeconds: 60 }),
      full,
      'Promoted in full after 18s of a pause of 1m',
    ],
  ])('%s is whoever gave the command', async (_, open, command, text) => {
    const release = await open();
    await release.command(command, 40_000);
    expect(release.status().phase).toBe('Healthy');
    const [by] = (await release.ledger()).filter(({ kind }) => kind === 'command');
    expect(await told(release, 'promoted')).toEqual([`${by?.actor.name} verified: ${text}`]);
    expect(await told(release, 'resumed')).toEqual([]);
  });

  it('past one of two pauses is so of each', async () => {
    const release = await paused(canary(twice));
    await release.command(skip, 20_000);
    expect(release.where()).toBe('Paused 2/4');
    expect(await told(release, 'promoted')).toHaveLength(1);
    expect((await told(release, 'paused')).at(-1)).toMatch(/at step 3 of 4/);
    await release.after({ do: 'plugin', line: 'promote' }, 20_000);
    expect((await told(release, 'promoted')).map((text) => text.split(':')[0])).toEqual([
      expect.stringMatching(/^(ana|ben) verified$/),
      'unknown unknown',
    ]);
  });

  it('in full after an abort is told as that, whether by a command or with kubectl', async () => {
    const release = await paused();
    await release.command({ verb: 'abort' }, 20_000);
    await release.command(full, 30_000);
    const text = 'The aborted update to revision 2 is promoted in full';
    expect(await told(release, 'promoted')).toEqual([expect.stringMatching(`verified: ${text}`)]);
    expect(await told(release, 'retried')).toEqual([]);
    const other = await paused();
    await other.after({ do: 'plugin', line: 'abort' }, 20_000);
    await other.after({ do: 'plugin', line: 'promote --full' }, 30_000);
    expect(await told(other, 'promoted')).toEqual([`kubectl-argo-rollouts reported: ${text}`]);
    expect(await told(other, 'retried')).toEqual([]);
  });

  it('in full is told at once, and its author is found, though the switch has to wait', async () => {
    const release = await pausedBlueGreen();
    replaceNew(release, true);
    await release.pass(20_000);
    await release.after({ do: 'plugin', line: 'promote --full' }, 300_000);
    expect(release.status()).toMatchObject({ promoteFull: true, phase: 'Paused' });
    const entry = 'kubectl-argo-rollouts reported: Promoted in full after a pause of 39s';
    expect(await told(release, 'promoted')).toEqual([entry]);
    replaceNew(release, false);
    await release.pass(60_000);
    expect(release.status().phase).toBe('Healthy');
    expect(await told(release, 'promoted')).toEqual([entry]);
  });

  it('in full in the middle of a step is told too', async () => {
    const release = await openRelease(canary());
    release.cluster.failPods((pod) => pod.spec?.containers?.[0]?.image === 'web:v2');
    await release.image('web:v2', 10_000);
    await release.command(full, 10_000);
    expect(await told(release, 'promoted')).toEqual([
      expect.stringMatching('verified: Promoted in full'),
    ]);
  });

  it('is never taken from a notice of a write that was refused', async () => {
    const release = await paused();
    const at = release.clock.now();
    const uid = uidOf(release.dog.live() ?? {});
    await release.simulated.world.store.documents.put({
      ...{ kind: 'notice', of: keyText(key), id: '1', version: 0, expiresAt: at + 3600 * secondMs },
      body: { key, uid, user: 'eve', at, explains: ['promoted'] },
    });
    await release.command(full, 30_000);
    expect((await told(release, 'promoted')).join()).toMatch(/^(ana|ben) verified/);
  });

  it('is not whose promote lifted the pause by a person, when another lifts the other', async () => {
    const release = await pausedBlueGreen();
    await release.command({ verb: 'pause' }, 10_000);
    const promote = { do: 'api', command: { verb: 'promote' }, dies: false, fresh: true } as const;
    const stop = release.cluster.watch(({ kind, object, writer }) => {
      if (kind !== 'Rollout' || writer.manager !== fieldManager) return;
      if ((object as Rollout).spec?.paused) return;
      stop();
      const { namespace, name } = target;
      queueMicrotask(() => {
        release.cluster.patchStatus(namespace, name, { pauseConditions: null }, 'kubectl');
      });
    });
    await release.after(promote, 20_000);
    expect((await told(release, 'resumed')).join()).toMatch(/^(ana|ben) verified/);
    const text = 'unknown unknown: Promoted after a pause of 28s';
    expect(await told(release, 'promoted')).toEqual([text]);
  });

  it('is nobody where what lifts the pause by a person lets that of the step begin again', async () => {
    const release = await paused();
    await release.command({ verb: 'pause' }, 10_000);
    await release.after({ do: 'plugin', line: 'promote' }, 20_000);
    expect(release.where()).toBe('Paused 1/3');
    expect(await told(release, 'promoted')).toEqual([]);
    expect(await told(release, 'resumed')).toHaveLength(1);
    expect((await told(release, 'paused')).at(-1)).toMatch(/at step 2 of 3/);
  });

  it('is nobody where the spec wants no pause any more', async () => {
    const release = await pausedBlueGreen();
    await editRollout(release, { strategy: { blueGreen: { autoPromotionEnabled: null } } });
    await release.pass(20_000);
    expect(release.status().phase).toBe('Healthy');
    expect(await told(release, 'promoted')).toEqual([]);
    expect(await told(release, 'resumed')).toEqual(['serin verified: The pause is over after 19s']);
  });
});

describe('who restarted it', () => {
  it('is whoever gave the command, however the rollout was scaled meanwhile', async () => {
    const release = await openRelease(canary());
    const inMs = 60_000;
    const at = toTime(release.clock.now() + inMs);
    await release.command({ verb: 'restart', at }, 10_000);
    await release.after({ do: 'scale', replicas: 5 }, inMs + 30_000);
    const [entry] = await told(release, 'restarted');
    expect(entry).toMatch(/^(ana|ben) verified: All pods are newer/);
  });
});

describe('an abort of a rollout that is not being released', () => {
  it('is no release that starts again once the status was wiped', async () => {
    const release = await openRelease(canary());
    await release.after({ do: 'plugin', line: 'abort' }, 20_000);
    await release.after({ do: 'wipe' }, 20_000);
    expect(await told(release, 'restored')).toHaveLength(1);
    expect(await told(release, 'retried')).toEqual([]);
  });
});

describe('a status that is lost', () => {
  const lost = async (steps: CanaryStep[]) => {
    const release = await openRelease({ ...canary(steps), rollbackWindow: { revisions: 1 } });
    await release.image('web:v2', 20_000);
    await release.image('web:v3', 0);
    await release.after({ do: 'image', image: 'web:v1' }, 0);
    await release.after({ do: 'wipe' }, 60_000);
    expect(release.status()).toMatchObject({ message: 'StatusLost' });
    return release;
  };

  it('reaches no step, and is at none where there are no steps', async () => {
    const release = await lost([]);
    expect(await told(release, 'step')).toEqual([]);
    expect((await told(release, 'paused')).at(-1)).toMatch(/: Paused \(StatusLost\)$/);
  });
});

describe('other steps', () => {
  const heavier: CanaryStep[] = [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }];
  const begins =
    'kubectl-edit reported: The steps are changed: the update to revision 2 begins anew';
  const edit = async (release: Release, of: CanaryStep[] | null, spanMs = 20_000) => {
    await editRollout(release, { strategy: { canary: { steps: of } } });
    await release.pass(spanMs);
  };
  const expectNoPromotion = async (release: Release) => {
    expect(await told(release, 'promoted')).toEqual([]);
    expect(await told(release, 'retried')).toEqual([]);
  };

  it('in a pause begin the release anew, which is no promotion', async () => {
    const release = await paused();
    await edit(release, heavier);
    expect(release.where()).toBe('Paused 1/3');
    const entries = (await release.ledger()).slice(-3);
    expect(entries.map(({ kind }) => kind)).toEqual(['steps', 'step', 'paused']);
    expect(await told(release, 'steps')).toEqual([begins]);
    expect(await told(release, 'step')).not.toContainEqual(expect.stringMatching('Step 0'));
    await expectNoPromotion(release);
  });

  it('in the first pause of all do so too', async () => {
    const release = await paused(canary([{ pause: {} }, { setWeight: 50 }]));
    await edit(release, [{ pause: {} }, { setWeight: 75 }]);
    expect(await told(release, 'steps')).toEqual([begins]);
    await expectNoPromotion(release);
  });

  it('with a shorter pause do not end the one there was as if it had been that', async () => {
    const pausing = (duration: string): CanaryStep[] => [
      { setWeight: 25 },
      { pause: { duration } },
    ];
    const release = await paused(canary(pausing('10m')));
    await edit(release, pausing('20s'), 60_000);
    expect(release.status().phase).toBe('Healthy');
    expect(await told(release, 'steps')).toEqual([begins]);
    expect(await told(release, 'resumed')).toEqual(['serin verified: The pause of 20s is over']);
    const [{ pause } = {}] = (await release.ledger()).filter(({ kind }) => kind === 'resumed');
    expect(pause?.keptMs).toBeLessThan(23_000);
    await expectNoPromotion(release);
  });

  it('after an abort are no retry', async () => {
    const release = await paused();
    await release.command({ verb: 'abort' }, 20_000);
    await edit(release, heavier);
    expect(release.status().phase).toBe('Paused');
    expect(await told(release, 'steps')).toEqual([begins.replace('update', 'aborted update')]);
    await expectNoPromotion(release);
  });

  it('are told when there are none left', async () => {
    const release = await paused();
    await edit(release, null);
    expect(release.status().phase).toBe('Healthy');
    // Nobody owns what is not there.
    const text = 'The steps are changed: the update to revision 2 goes on without any';
    expect(await told(release, 'steps')).toEqual([`unknown unknown: ${text}`]);
    await expectNoPromotion(release);
  });

  it('of a rollout at rest are no step that it took', async () => {
    const release = await openRelease(canary());
    await edit(release, [...heavier, { pause: {} }]);
    expect(release.where()).toBe('Healthy 4/4');
    expect(await told(release, 'steps')).toEqual(['kubectl-edit reported: The steps are changed']);
    expect(await told(release, 'step')).toEqual([]);
  });

  it('are told of whom a notice names', async () => {
    const release = await paused();
    const at = release.clock.now();
    const uid = uidOf(release.dog.live() ?? {});
    await release.simulated.world.store.documents.put({
      ...{ kind: 'notice', of: keyText(key), id: '1', version: 0, expiresAt: at + 3600 * secondMs },
      body: { key, uid, user: 'eve', at, explains: ['steps'] },
    });
    await edit(release, heavier);
    expect((await told(release, 'steps')).join()).toMatch(/^eve reported: /);
  });

  it('of another strategy are told as that', async () => {
    const release = await paused();
    addService(release.cluster, 'active');
    const strategy = { canary: null, blueGreen: { activeService: 'active' } };
    await editRollout(release, { strategy });
    await release.pass(20_000);
    const text = 'The strategy is changed: the update to revision 2 begins anew';
    expect(await told(release, 'steps')).toEqual([`kubectl-edit reported: ${text}`]);
    await expectNoPromotion(release);
  });
});
