import { describe, expect, it } from 'vitest';
import { minuteMs, toTime } from '../../lib/model/units.ts';
import { cluster, web, withImage } from './adoptStage.ts';

const nothing = { verdict: 'nothing', changes: [] };
const blueGreen = {
  strategy: { blueGreen: { activeService: 'active', autoPromotionEnabled: false } },
};
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'active', namespace: 'shop' },
  spec: { selector: { app: 'green' }, ports: [{ port: 80 }] },
};

/** In any order, and without the times, which are not the same moment. */
function timeless(changes: string[]): string[] {
  const times = /\d{4}-\d\d-\d\dT[\d:]+Z|(?<=DurationSeconds .*)\d+/g;
  return changes.map((text) => text.replace(times, 'T')).sort();
}

describe('what would change', () => {
  it('is nothing at rest, at a pause, after an abort, and before a switch', async () => {
    const { sim, run, pass, adopt, adoptJson, kubeconfig } = await cluster();
    sim.apply('Service', service);
    const names = ['aborted', 'green', 'paused', 'rest'];
    const specOf = (name: string) => (name === 'green' ? blueGreen : {});
    for (const name of names) sim.apply('Rollout', web(name, specOf(name)));
    for (const name of names) await run(name);
    for (const name of names.slice(0, 3)) {
      sim.apply('Rollout', withImage(web(name, specOf(name)), 'web:v2'));
      await run(name);
    }
    sim.patchStatus('shop', 'aborted', { abort: true });
    await run('aborted');
    await pass();
    const { code, rollouts, todo } = await adoptJson('-n', 'shop');
    expect(rollouts).toEqual([
      {
        namespace: 'shop',
        name: 'aborted',
        phase: 'Degraded',
        step: { index: 0, count: 3 },
        ...nothing,
      },
      { namespace: 'shop', name: 'green', phase: 'Paused', ...nothing },
      {
        namespace: 'shop',
        name: 'paused',
        phase: 'Paused',
        step: { index: 1, count: 3 },
        ...nothing,
      },
      {
        namespace: 'shop',
        name: 'rest',
        phase: 'Healthy',
        step: { index: 3, count: 3 },
        ...nothing,
      },
    ]);
    expect({ code, todo }).toEqual({ code: 0, todo: [] });
    const { out } = await adopt('-n', 'shop', '--context', 'test');
    expect(out).toMatch(
      /^ {2}No controller of Argo Rollouts was found that owns these Rollouts\.$/m,
    );
    expect(out).toMatch(/^NAMESPACE +NAME +STATUS +STEP +WHAT WOULD CHANGE$/m);
    expect(out).toMatch(/^shop +paused +॥ Paused +1\/3 +nothing$/m);
    const line = `serin run --kubeconfig ${kubeconfig} --context test --namespace shop`;
    expect(out.endsWith(`\nReady. Start it: ${line}\n`)).toBe(true);
  });

  it('is what Serin then does: a release that nobody has taken up goes on', async () => {
    const { sim, run, pass, adopt, takeOver } = await cluster();
    sim.apply('Rollout', web('web'));
    await run();
    sim.apply('Rollout', withImage(web('web'), 'web:v2'));
    await pass();
    const { code, out } = await adopt();
    expect(out).toMatch(
      /it goes on: its spec was changed, and no controller has taken that up yet\n/,
    );
    const [, made = ''] = /^ {4}create ReplicaSet (\S+) with 1 pod$/m.exec(out) ?? [];
    expect(out).toMatch(/^ {4}annotation rollout\.argoproj\.io\/revision 1 → 2$/m);
    expect(out).toMatch(/^ {4}status\.phase Healthy → Progressing$/m);
    expect(code).toBe(0);

    await takeOver();
    expect(sim.read.get('ReplicaSet', 'shop', made).spec?.replicas).toBe(1);
    const { metadata, status } = sim.read.get('Rollout', 'shop', 'web');
    expect(metadata?.annotations?.['rollout.argoproj.io/revision']).toBe('2');
    expect(status?.phase).toBe('Progressing');
  });

  const timed = {
    strategy: { canary: { steps: [{ setWeight: 34 }, { pause: { duration: '10m' } }] } },
  };
  type Given = Awaited<ReturnType<typeof cluster>>['sim'];
  it.each<[string, object, (sim: Given) => void, RegExp, RegExp]>([
    [
      'a promote',
      {},
      (sim) => sim.patchStatus('shop', 'web', { pauseConditions: null }),
      /it was promoted/,
      /scale ReplicaSet web-\w+ from 1 to 2\n {4}status\.currentStepIndex 1 → 2\n/,
    ],
    [
      'a promote in full',
      {},
      (sim) => sim.patchStatus('shop', 'web', { promoteFull: true, pauseConditions: null }),
      /it was promoted/,
      /scale ReplicaSet web-\w+ from 1 to 2\n/,
    ],
    [
      'an abort',
      {},
      (sim) => sim.patchStatus('shop', 'web', { abort: true }),
      /it was aborted/,
      /scale ReplicaSet web-\w+ from 2 to 3\n/,
    ],
    ['a pause that is over', timed, () => {}, /the time of its pause is up/, /pauseConditions/],
    [
      'a restart',
      {},
      (sim) => {
        const restartAt = toTime(Date.now() - 5 * minuteMs);
        sim.apply('Rollout', withImage(web('web', { restartAt }), 'web:v2'));
      },
      /its spec was changed/,
      /evict Pod web-\w+-\w+\n/,
    ],
    [
      'a pod that was lost',
      {},
      (sim) => {
        sim.deleteObject('Pod', 'shop', sim.read.list('Pod', 'shop')[0]?.metadata?.name ?? '');
        sim.failPods(() => true);
      },
      /pods of ReplicaSet web-\w+ are still to come up or to go\n/,
      /status\.availableReplicas 3 → 2\n/,
    ],
  ])('%s goes on', async (_name, spec, change, why, shown) => {
    const { sim, run, pass, adopt, adoptJson, takeOver } = await cluster();
    sim.apply('Rollout', web('web', spec));
    await run();
    sim.apply('Rollout', withImage(web('web', spec), 'web:v2'));
    await run();
    change(sim);
    await pass();
    const { code, out } = await adopt();
    expect(out).toMatch(why);
    expect(out).toMatch(shown);
    expect(code).toBe(0);
    const { rollouts } = await adoptJson();
    expect(timeless(await takeOver())).toEqual(timeless(rollouts[0]?.changes ?? []));
  });

  it('is said to be unexpected where nothing was under way', async () => {
    const { sim, run, pass, adopt } = await cluster();
    sim.apply('Service', service);
    sim.apply('Rollout', web('green', blueGreen));
    await run('green');
    const hash = sim.read.get('Rollout', 'shop', 'green').status?.currentPodHash;
    const target = { namespace: 'shop', name: 'active' };
    const selector = { 'rollouts-pod-template-hash': 'other' };
    await sim.as('kubectl').patch({ kind: 'Service', ...target }, { spec: { selector } });
    await pass();
    const { code, out } = await adopt();
    expect(out).toMatch(/^shop +green .*UNEXPECTED/m);
    const changed = `Service active: spec.selector.rollouts-pod-template-hash other → ${hash}`;
    expect(out).toContain(`    ${changed}\n`);
    expect(out).toMatch(
      /Not ready\. To do:\n {2}1\. shop\/green: find out why that would change\n {2}2\. run/,
    );
    expect(code).toBe(1);
  });

  it('knows a template again that was hashed another way, and tells of one made anew', async () => {
    const { sim, run, pass, adoptJson } = await cluster();
    sim.apply('Rollout', web('web'));
    await run();
    // Another hash is looked for than the one its ReplicaSet has.
    sim.patchStatus('shop', 'web', { collisionCount: 1 }, 'rollouts-controller');
    await pass();
    expect((await adoptJson()).rollouts).toMatchObject([nothing]);

    const [set] = sim.read.list('ReplicaSet', 'shop');
    const target = { namespace: 'shop', name: set?.metadata?.name ?? '' };
    const image = { containers: [{ name: 'web', image: 'mirror/web:v1' }] };
    await sim
      .as('argo')
      .patch({ kind: 'ReplicaSet', ...target }, { spec: { template: { spec: image } } });
    // Even where something is under way, that is no part of it.
    sim.failPods(() => true);
    sim.deleteObject('Pod', 'shop', sim.read.list('Pod', 'shop')[0]?.metadata?.name ?? '');
    await pass(Date.now());
    const { code, rollouts } = await adoptJson();
    expect(rollouts[0]).toMatchObject({
      verdict: 'unexpected',
      changes: expect.arrayContaining([
        expect.stringMatching(/^create ReplicaSet web-\w+ with \d pods?$/),
      ]),
    });
    expect(code).toBe(1);
  });

  it('is nothing ever for what Serin does not carry out, which is said', async () => {
    const { sim, pass, adopt } = await cluster();
    const trafficRouting = { plugins: { 'acme/mesh': {} } };
    const services = { canaryService: 'canary', stableService: 'stable' };
    sim.apply('Rollout', web('web', { strategy: { canary: { ...services, trafficRouting } } }));
    await pass();
    const { code, out } = await adopt();
    expect(out).toMatch(
      /NOT CARRIED OUT: This version of Serin does not carry out spec\.strategy\.canary\.t/,
    );
    expect(out).toMatch(/1\. shop\/web: remove spec\.\S+, or run it with Argo Rollouts\n/);
    expect(code).toBe(1);
  });

  it('is shown for the rollouts of one instance', async () => {
    const { sim, pass, adoptJson, adopt } = await cluster();
    sim.apply('Rollout', web('web'));
    sim.apply('Rollout', web('theirs', {}, 'theirs'));
    await pass();
    const ours = await adoptJson();
    expect(ours.rollouts.map(({ name }) => name)).toEqual(['web']);
    expect(ours.others).toBe(1);
    const theirs = await adoptJson('--instance-id', 'theirs');
    expect(theirs.rollouts).toMatchObject([
      { name: 'theirs', verdict: 'goesOn', why: 'no controller has looked at it yet' },
    ]);
    expect((await adopt('--instance-id', 'nobodys')).out).toMatch(
      /^No Rollouts to take\.\n2 of other instances are left alone\.$/m,
    );
  });
});
