import { describe, expect, it } from 'vitest';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import type { LedgerEntry } from '../../lib/model/record.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import { memoryStore } from '../../lib/store/embedded.ts';
import type { World } from '../../lib/world.ts';

const key = { cluster: 'local', namespace: 'shop', name: 'web' };

function web(image: string, more: Rollout['spec'] = {}): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image }] },
      },
      strategy: { canary: { steps: [{ setWeight: 34 }, { pause: {} }, { setWeight: 67 }] } },
      ...more,
    },
  };
}

/** A rollout that another controller has driven, and Serin, which sees it for the first time later. */
function stage() {
  const clock = virtualClock(Date.parse('2026-01-31T12:00:00Z'));
  const { world, cluster: sim } = simulatedWorld({ clock, seed: 3 });
  const argo = 'rollouts-controller';
  const others: World = { ...world, cluster: async () => sim.as(argo), store: memoryStore(clock) };
  const play = async (by: World, spanMs: number): Promise<void> => {
    const until = clock.now() + spanMs;
    while (clock.now() < until) {
      await reconcile(by, key);
      await clock.run({ until: clock.now() + 1000, eventsMax: 10_000 });
    }
  };
  return {
    ...{ clock, sim },
    /** Somebody else's minute. */
    argo: async () => {
      // Of its own writes it must not think that they are a rival's.
      const conflictingController = {
        manager: '',
        seenAt: 0,
        times: 1,
        wroteAt: Number.MAX_SAFE_INTEGER,
      };
      const known = await others.store.load(key);
      if (!known) await others.store.save({ ...blankRecord(key), conflictingController });
      await play(others, 60_000);
    },
    nobody: () => clock.run({ until: clock.now() + 60_000, eventsMax: 10_000 }),
    serin: (spanMs = 30_000) => play(world, spanMs),
    ledger: async () => {
      const { items } = await world.store.ledger(key, { limit: 100 });
      return items.reverse();
    },
  };
}

function told(entries: LedgerEntry[]): string[] {
  return entries.map(({ kind, actor, text }) => `${kind} ${actor.name} ${actor.proof}: ${text}`);
}

const by = (entries: LedgerEntry[]): string[] =>
  entries.map(({ kind, actor }) => `${kind} ${actor.name} ${actor.proof}`);

describe('a rollout that Serin sees for the first time', () => {
  it('is found, where it was driven before: no step, pause, command or rollback is made up', async () => {
    const { sim, argo, nobody, serin, ledger } = stage();
    sim.apply('Rollout', web('web:v1'));
    await argo();
    await nobody();
    await serin();
    expect(told(await ledger())).toEqual([
      'found serin verified: Found at revision 1 of web:v1: Healthy',
    ]);
  });

  it('is found in mid-release with the pause it is in, and what follows is told as it happens', async () => {
    const { sim, argo, nobody, serin, ledger } = stage();
    sim.apply('Rollout', web('web:v1'));
    await argo();
    sim.apply('Rollout', web('web:v2'));
    await argo();
    await nobody();
    await serin();
    const found =
      'found serin verified: Found at revision 2 of web:v2: Paused (CanaryPauseStep), 1 of 3 steps done';
    expect(told(await ledger())).toEqual([found]);
    sim.patchStatus('shop', 'web', { pauseConditions: null });
    await serin();
    expect(by(await ledger())).toEqual([
      'found serin verified',
      'promoted unknown unknown',
      'step serin verified',
      'step serin verified',
      'completed serin verified',
    ]);
  });

  it('is found aborted, and nobody is named for it', async () => {
    const { sim, argo, nobody, serin, ledger } = stage();
    sim.apply('Rollout', web('web:v1'));
    await argo();
    sim.apply('Rollout', web('web:v2'));
    await argo();
    sim.patchStatus('shop', 'web', { abort: true });
    await argo();
    await nobody();
    await serin();
    const entries = await ledger();
    expect(by(entries)).toEqual(['found serin verified']);
    expect(entries[0]?.text).toMatch(/^Found at revision 2 of web:v2: Degraded \(RolloutAborted/);
  });

  it('is found paused by a person, whoever that was', async () => {
    const { sim, argo, nobody, serin, ledger } = stage();
    sim.apply('Rollout', web('web:v1'));
    await argo();
    sim.apply('Rollout', web('web:v1', { paused: true }));
    await argo();
    await nobody();
    await serin();
    expect(told(await ledger())).toEqual([
      'found serin verified: Found at revision 1 of web:v1: Paused (manually paused)',
    ]);
  });

  it('is found without its status, and no release is made up from what is rebuilt', async () => {
    const { sim, argo, nobody, serin, ledger } = stage();
    sim.apply('Rollout', web('web:v1'));
    await argo();
    const { status = {} } = sim.read.get('Rollout', 'shop', 'web');
    const wiped = Object.fromEntries(Object.keys(status).map((field) => [field, null]));
    sim.patchStatus('shop', 'web', wiped);
    await nobody();
    await serin();
    expect(by(await ledger())).toEqual(['found serin verified', 'completed serin verified']);
    expect((await ledger())[0]?.text).toBe('Found at revision 1 of web:v1: without a status');
  });

  it('is told from its beginning where it is new', async () => {
    const { sim, serin, ledger } = stage();
    sim.apply('Rollout', web('web:v1'));
    await serin();
    expect(by(await ledger())).toEqual([
      'revision kubectl-client-side-apply reported',
      'completed serin verified',
    ]);
  });

  it('is told that it was found, once, where it takes the name of one that was deleted', async () => {
    const { sim, argo, nobody, serin, ledger } = stage();
    sim.apply('Rollout', web('web:v1'));
    await serin();
    const before = (await ledger()).length;
    sim.deleteObject('Rollout', 'shop', 'web');
    await nobody();
    sim.apply('Rollout', web('web:v2'));
    await argo();
    await nobody();
    await serin();
    expect(by((await ledger()).slice(before))).toEqual([
      'found serin verified',
      'conflictingController rollouts-controller reported',
    ]);
  });
});

describe('who did it, by what the API server keeps of each field', () => {
  async function paused() {
    const all = stage();
    all.sim.apply('Rollout', web('web:v1'));
    await all.serin();
    all.sim.apply('Rollout', web('web:v2'));
    await all.serin();
    const before = (await all.ledger()).length;
    const since = async () => by((await all.ledger()).slice(before));
    const patch = async (manager: string, spec: object) => {
      const target = { namespace: 'shop', name: 'web' };
      await all.sim.as(manager).patch({ kind: 'Rollout', ...target }, { spec });
    };
    return { ...all, since, patch };
  }
  const template = (image: string) => ({ spec: { containers: [{ name: 'web', image }] } });

  it('is reported of an image, the field’s last writer alone', async () => {
    const { serin, since, patch } = await paused();
    await patch('kubectl-set', { template: template('web:v3') });
    await serin();
    expect((await since())[0]).toBe('revision kubectl-set reported');
  });

  it('is unknown of a template where two may have changed it', async () => {
    const { serin, since, patch } = await paused();
    await patch('kubectl-set', { template: template('web:v3') });
    await patch('kubectl-edit', { template: { metadata: { annotations: { note: 'new' } } } });
    await serin();
    expect((await since())[0]).toBe('revision unknown unknown');
  });

  it('is reported of a pause, a size and a restart', async () => {
    const { clock, serin, since, patch, sim } = await paused();
    await patch('kubectl-edit', { paused: true });
    await serin();
    sim.scale('shop', 'web', 4);
    await patch('kubectl-argo-rollouts', { paused: false });
    await serin();
    await patch('argocd-server', { restartAt: new Date(clock.now()).toISOString() });
    await serin(120_000);
    const all = await since();
    expect(all).toContain('paused kubectl-edit reported');
    expect(all).toContain('scaled kubectl reported');
    expect(all).toContain('resumed kubectl-argo-rollouts reported');
    expect(all).toContain('restarted argocd-server reported');
  });

  it('is reported of an abort, its withdrawal, and a step that was skipped', async () => {
    const { serin, since, sim } = await paused();
    sim.patchStatus('shop', 'web', { abort: true }, 'abby');
    await serin();
    sim.patchStatus('shop', 'web', { abort: false }, 'rita');
    await serin();
    sim.patchStatus('shop', 'web', { pauseConditions: null, currentStepIndex: 2 }, 'pete');
    await serin();
    const all = await since();
    expect(all).toContain('aborted abby reported');
    expect(all).toContain('retried rita reported');
    expect(all).toContain('promoted pete reported');
  });

  it('is unknown where a field was only taken away, which leaves no trace', async () => {
    const { serin, since, sim } = await paused();
    sim.patchStatus('shop', 'web', { pauseConditions: null }, 'pete');
    await serin();
    expect((await since())[0]).toBe('promoted unknown unknown');
  });

  it('is nobody who calls himself serin', async () => {
    const { serin, since, patch } = await paused();
    await patch('serin', { paused: true });
    await serin();
    expect((await since())[0]).toBe('paused unknown unknown');
  });

  it('is the other controller where that one went on, and not Serin', async () => {
    const { sim, argo, nobody, serin, ledger } = stage();
    sim.apply('Rollout', web('web:v1'));
    await serin();
    const before = (await ledger()).length;
    sim.apply('Rollout', web('web:v2'));
    await argo();
    await nobody();
    await serin();
    const all = by((await ledger()).slice(before));
    expect(all).toContain('revision kubectl-client-side-apply reported');
    expect(all).toContain('paused rollouts-controller reported');
    expect(all.filter((line) => line.includes('serin'))).toEqual([]);
  });
});
