import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { plugin, type Ran } from './peer.ts';
import { until } from './processes.ts';
import { type Serin, startSerin } from './serin.ts';
import { apply, newNamespace, reaches, rolloutIn, webRollout, withControlPlane } from './stage.ts';

// The real `kubectl argo rollouts` v1.10.1 and the real kubectl, against a Rollout that Serin drives.

const plane = withControlPlane();
let serin: Serin | undefined;
beforeAll(async () => {
  serin = await startSerin(plane());
});
afterAll(async () => await serin?.stop());

const steps = [{ setWeight: 34 }, { pause: {} }, { setWeight: 67 }, { pause: {} }];
const canary = { strategy: { canary: { steps } } };

/** In a namespace of its own, at the first pause of v2 after v1. */
async function paused(namespace: string): Promise<(line: string) => Promise<Ran>> {
  await newNamespace(plane(), namespace);
  await apply(plane(), webRollout(namespace, canary));
  await reaches(plane(), namespace, 'Healthy');
  const run = (line: string) => plugin(plane(), namespace, line);
  expect((await run('set image web web=web:v2')).out).toBe('rollout "web" image updated\n');
  await reaches(plane(), namespace, 'Paused', { step: 1 });
  return run;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'serin-plugin-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('the plugin', () => {
  it('promotes a step, skips one, skips all', async () => {
    const run = await paused('promote');
    expect((await run('promote web')).out).toBe("rollout 'web' promoted\n");
    await reaches(plane(), 'promote', 'Paused', { step: 3 });
    await run('set image web web=web:v3');
    await reaches(plane(), 'promote', 'Paused', { step: 1 });
    const skipsOne = await run('promote web --skip-current-step');
    // On the other stream the plugin says that the flag is out of date.
    const promoted = { code: 0, out: "rollout 'web' promoted\n" };
    expect(skipsOne).toMatchObject(promoted);
    await reaches(plane(), 'promote', 'Paused', { step: 3 });
    await run('set image web web=web:v4');
    await reaches(plane(), 'promote', 'Paused', { step: 1 });
    const skipsAll = await run('promote web --skip-all-steps');
    expect(skipsAll).toMatchObject(promoted);
    await reaches(plane(), 'promote', 'Healthy', { step: 4 });
  });

  it('aborts, retries, and promotes in full', async () => {
    const run = await paused('abort');
    expect((await run('abort web')).out).toBe("rollout 'web' aborted\n");
    await reaches(plane(), 'abort', 'Degraded');
    const status = await run('status web --timeout 5s');
    expect(status.code).toBe(1);
    expect(status.err + status.out).toContain(
      'RolloutAborted: Rollout aborted update to revision 2',
    );
    expect((await run('retry rollout web')).out).toBe("rollout 'web' retried\n");
    await reaches(plane(), 'abort', 'Paused', { step: 1 });
    expect((await run('promote web --full')).out).toBe("rollout 'web' fully promoted\n");
    await reaches(plane(), 'abort', 'Healthy', { step: 4 });
    expect((await run('status web')).out).toBe('Healthy\n');
  });

  it('pauses, restarts, and goes back', async () => {
    const run = await paused('undo');
    await run('promote web --full');
    await reaches(plane(), 'undo', 'Healthy', { step: 4 });
    expect((await run('pause web')).out).toBe("rollout 'web' paused\n");
    const held = await reaches(plane(), 'undo', 'Paused');
    expect(held.status?.message).toBe('manually paused');
    await run('promote web');
    await reaches(plane(), 'undo', 'Healthy');
    const podsOf = async () =>
      plane().kubectl(['get', 'pods', '-n', 'undo', '-o', 'jsonpath={.items[*].metadata.uid}']);
    const before = (await podsOf()).split(' ');
    // Times have whole seconds: pods of this very second would be new enough.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await run('restart web')).out).toBe("rollout 'web' restarts in 0s\n");
    await until('the restart', async () => {
      const { spec, status } = await rolloutIn(plane(), 'undo');
      return spec?.restartAt !== undefined && status?.restartedAt === spec.restartAt;
    });
    await reaches(plane(), 'undo', 'Healthy');
    const after = (await podsOf()).split(' ');
    expect(after.filter((uid) => before.includes(uid))).toEqual([]);
    expect((await run('undo web')).out).toBe("rollout 'web' undo\n");
    await reaches(plane(), 'undo', 'Paused', { step: 1 });
    const template = (await rolloutIn(plane(), 'undo')).spec?.template?.spec;
    expect(template?.containers?.[0]?.image).toBe('web:v1');
  });

  it('creates what it lints, a blue-green with its Service', async () => {
    const namespace = await newNamespace(plane(), 'create');
    const file = join(newFolder(), 'web.yaml');
    const labels = { app: 'web' };
    const service = {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace } },
      spec: { selector: labels, ports: [{ port: 80 }] },
    };
    const rollout = webRollout(namespace, { strategy: { blueGreen: { activeService: 'web' } } });
    writeFileSync(file, [rollout, service].map((object) => stringify(object)).join('---\n'));
    const run = (line: string) => plugin(plane(), namespace, line);
    expect(await run(`lint -f ${file}`)).toEqual({ code: 0, out: '', err: '' });
    writeFileSync(file, stringify(rollout));
    const created = { code: 0, out: 'rollout.argoproj.io/web created\n', err: '' };
    expect(await run(`create -f ${file}`)).toEqual(created);
    await apply(plane(), service);
    await reaches(plane(), namespace, 'Healthy');
    expect((await run('status web')).out).toBe('Healthy\n');
  });

  it('gets and lists', async () => {
    const run = await paused('list');
    const tree = (await run('get rollout web --no-color')).out;
    expect(tree).toMatch(/Images: +web:v1 \(stable\)\n +web:v2 \(canary\)/);
    expect(tree).toMatch(/# revision:2 +\n│ +└──⧉ web-\w+ +ReplicaSet +✔ Healthy +\S+ +canary/);
    const list = (await run('list rollouts')).out;
    expect(list).toMatch(
      /NAME +STRATEGY +STATUS +STEP +SET-WEIGHT +READY +DESIRED +UP-TO-DATE +AVAILABLE/,
    );
    expect(list).toMatch(/web +Canary +Paused +1\/4 +34 +3\/3 +3 +1 +3/);
  });
});

describe('kubectl', () => {
  it('shows the columns, and waits for conditions', async () => {
    const run = await paused('columns');
    const kubectl = (...args: string[]) => plane().kubectl(['-n', 'columns', ...args]);
    const head = (await kubectl('get', 'rollouts')).split('\n')[0];
    expect(head).toMatch(/NAME +DESIRED +CURRENT +UP-TO-DATE +AVAILABLE +AGE/);
    await kubectl('wait', '--for=condition=Paused', 'rollout/web', '--timeout=10s');
    await run('promote web --full');
    await kubectl('wait', '--for=condition=Healthy', 'rollout/web', '--timeout=30s');
    await kubectl('wait', '--for=condition=Completed', 'rollout/web', '--timeout=10s');
  });

  it('scales through the subresource, in mid-release too', async () => {
    await paused('scale');
    await plane().kubectl(['-n', 'scale', 'scale', 'rollout', 'web', '--replicas=6']);
    await until('six pods', async () => {
      const { status } = await rolloutIn(plane(), 'scale');
      return status?.availableReplicas === 6 && status.phase === 'Paused';
    });
    const selector = await plane().kubectl([
      ...['-n', 'scale', 'get', 'rollout', 'web', '--subresource=scale'],
      ...['-o', 'jsonpath={.status.selector}'],
    ]);
    expect(selector).toBe('app=web');
  });

  it('applies on the server without a quarrel over fields', async () => {
    await newNamespace(plane(), 'fields');
    const rollout: Rollout = webRollout('fields', canary);
    const applied = (image: string) => {
      const containers = [{ name: 'web', image }];
      const template = { ...rollout.spec?.template, spec: { containers } };
      return { ...rollout, spec: { ...rollout.spec, template } };
    };
    await apply(plane(), applied('web:v1'));
    await reaches(plane(), 'fields', 'Healthy');
    // A conflict would be an error.
    await apply(plane(), applied('web:v2'));
    await reaches(plane(), 'fields', 'Paused', { step: 1 });
    await apply(plane(), applied('web:v1'));
    await reaches(plane(), 'fields', 'Healthy', { step: 4 });
  });

  it('applies what kustomize made, its image edited as CI does', async () => {
    const namespace = await newNamespace(plane(), 'kustomize');
    const folder = newFolder();
    writeFileSync(join(folder, 'web.yaml'), stringify(webRollout(namespace, canary)));
    const apply = (newTag: string) => {
      const images = [{ name: 'web', newTag }];
      const kustomization = { resources: ['web.yaml'], images };
      writeFileSync(join(folder, 'kustomization.yaml'), stringify(kustomization));
      return plane().kubectl(['apply', '-k', folder]);
    };
    expect(await apply('v1')).toBe('rollout.argoproj.io/web created\n');
    await reaches(plane(), namespace, 'Healthy');
    expect(await apply('v2')).toBe('rollout.argoproj.io/web configured\n');
    await reaches(plane(), namespace, 'Paused', { step: 1 });
    expect(await apply('v2')).toBe('rollout.argoproj.io/web unchanged\n');
  });

  it('tells what happened, each thing once', async () => {
    await paused('events');
    const text = await plane().kubectl([
      ...['-n', 'events', 'get', 'events', '--field-selector=involvedObject.kind=Rollout'],
      ...['-o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}'],
    ]);
    const lines = text.trim().split('\n');
    expect(new Set(lines).size).toBe(lines.length);
    const reasons = new Set(lines.map((line) => line.split(':')[0]));
    expect([...reasons]).toEqual(
      expect.arrayContaining([
        ...['RolloutUpdated', 'NewReplicaSetCreated', 'ScalingReplicaSet', 'RolloutCompleted'],
        ...['RolloutNotCompleted', 'RolloutStepCompleted', 'RolloutPaused'],
      ]),
    );
  });
});
