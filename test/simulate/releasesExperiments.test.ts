import { describe, expect, it } from 'vitest';
import { validate } from '../../lib/decide/guards/validate.ts';
import type {
  CanaryStep,
  CanaryStrategy,
  Experiment,
  PodTemplateSpec,
  ReplicaSet,
  RolloutExperimentStep,
  RolloutSpec,
} from '../../lib/model/argo.generated.ts';
import { pauseReasons } from '../../lib/model/names.ts';
import { minuteMs, secondMs } from '../../lib/model/units.ts';
import { createdAt, nameOf, podHashOf } from '../../lib/model/workload.ts';
import { key } from '../faults/stage.ts';
import { namespace } from './manifests.ts';
import { openRelease, type Release } from './releasesStage.ts';
import { openRouted, type Routed } from './routedStage.ts';

// Releases with an Experiment as a step: the version that is new and the one that was, side by side.

const trial: RolloutExperimentStep = {
  duration: '20s',
  scaleDownDelaySeconds: 5,
  templates: [
    { name: 'baseline', specRef: 'stable', metadata: { labels: { role: 'base' } } },
    { name: 'canary', specRef: 'canary', replicas: 2 },
  ],
};
const steps = (experiment: RolloutExperimentStep): CanaryStep[] => [
  { setWeight: 50 },
  { experiment },
  { pause: {} },
];

async function atExperiment(experiment = trial): Promise<Release> {
  const release = await openRelease({ strategy: { canary: { steps: steps(experiment) } } });
  await release.image('web:v2', 10 * secondMs);
  expect(release.where()).toBe('Progressing 1/3');
  return release;
}

/** Oldest first. */
function all({ cluster }: Release): Experiment[] {
  const found = cluster.read.list('Experiment', namespace);
  return [...found].sort((a, b) => createdAt(a) - createdAt(b));
}

/** As its controller would find it. */
function say(release: Release, experiment: Experiment | undefined, phase: string): void {
  const { metadata, status } = experiment ?? {};
  release.cluster.apply('Experiment', {
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Experiment' },
    metadata: { name: metadata?.name ?? '', namespace },
    status: { ...status, phase, message: 'so it was' },
  });
}

describe('a step that is an Experiment', () => {
  it('is made of both versions, and passed once it has succeeded', async () => {
    const release = await atExperiment();
    const [found] = all(release);
    const hash = podHashOf(release.setOf('web:v2'));
    expect(found?.metadata).toMatchObject({
      name: `web-${hash}-2-1`,
      labels: { 'rollouts-pod-template-hash': hash },
      annotations: { 'rollout.argoproj.io/revision': '2' },
      ownerReferences: [{ kind: 'Rollout', name: 'web', controller: true }],
    });
    const stable = podHashOf(release.setOf('web:v1'));
    expect(found?.spec).toMatchObject({
      ...{ duration: '20s', scaleDownDelaySeconds: 5 },
      templates: [
        {
          name: 'baseline',
          selector: {
            matchLabels: { app: 'web', role: 'base', 'rollouts-pod-template-hash': stable },
          },
          template: {
            metadata: { labels: { app: 'web', role: 'base' } },
            spec: { containers: [{ image: 'web:v1' }] },
          },
        },
        { name: 'canary', replicas: 2, template: { spec: { containers: [{ image: 'web:v2' }] } } },
      ],
    });
    expect(found?.status?.phase).toBe('Running');
    expect(release.status().canary?.currentExperiment).toBe(nameOf(found ?? {}));
    await release.pass(20 * secondMs);
    expect(all(release)[0]?.status?.phase).toBe('Successful');
    expect(release.where()).toBe('Paused 2/3');
    expect(release.status().canary?.currentExperiment).toBeUndefined();
    await release.after({ do: 'plugin', line: 'promote' }, 10 * secondMs);
    expect(release.where()).toBe('Healthy 3/3');
    expect(all(release)).toHaveLength(1);
    expect(release.dog.violations).toEqual([]);
  });

  it('aborts the release where it fails, and a retry makes another one', async () => {
    const release = await atExperiment();
    say(release, all(release)[0], 'Failed');
    await release.pass(10 * secondMs);
    expect(release.where()).toBe('Degraded 0/3');
    expect(release.status()).toMatchObject({ abort: true });
    const { message } =
      release.status().conditions?.find(({ type }) => type === 'Progressing') ?? {};
    expect(message).toBe(
      'Rollout aborted update to revision 2: Experiment analysis phase is error/failed: so it was',
    );
    expect(release.status().canary?.currentExperiment).toBeUndefined();
    await release.after({ do: 'plugin', line: 'retry' }, 10 * secondMs);
    const names = all(release).map(nameOf);
    expect(names).toEqual([names[0], `${names[0]}-1`]);
    expect(release.status().canary?.currentExperiment).toBe(names[1]);
    expect(release.where()).toBe('Progressing 1/3');
  });

  it('pauses the release where it cannot tell, and makes no others until somebody has looked', async () => {
    // The peer makes and deletes Experiments without end.
    const release = await atExperiment();
    say(release, all(release)[0], 'Inconclusive');
    await release.pass(5 * minuteMs);
    expect(release.where()).toBe('Paused 1/3');
    const { pauseConditions, canary } = release.status();
    expect(pauseConditions).toMatchObject([{ reason: pauseReasons.inconclusiveExperiment }]);
    expect(canary?.currentExperiment).toBe(nameOf(all(release)[0] ?? {}));
    expect(all(release)).toHaveLength(1);
    await release.after({ do: 'plugin', line: 'promote' }, 10 * secondMs);
    expect(release.where()).toBe('Paused 2/3');
    expect(all(release)).toHaveLength(1);
  });

  it('says what it waits for', async () => {
    const release = await atExperiment();
    const said = async () => (await release.simulated.world.store.load(key))?.view?.reasons ?? [];
    const [{ metadata: { name = '' } = {} } = {}] = all(release);
    expect(await said()).toContainEqual(
      expect.objectContaining({ text: `The experiment of the step goes on, ${name}.` }),
    );
    say(release, all(release)[0], 'Inconclusive');
    await release.pass(10 * secondMs);
    expect(await said()).toContainEqual(
      expect.objectContaining({
        text: `The experiment of the step could not tell, ${name}.`,
        unblock: 'look at its analyses, then promote to go on with the next step, or abort',
      }),
    );
  });

  it('is ended by an abort, a new image, a full promotion and a promotion past the step', async () => {
    for (const line of ['abort', 'promote', 'promote --full', 'image'] as const) {
      const release = await atExperiment({ ...trial, duration: '1h' });
      if (line === 'image') await release.image('web:v3', 15 * secondMs);
      else await release.after({ do: 'plugin', line }, 15 * secondMs);
      const [first] = all(release);
      expect(first).toMatchObject({ spec: { terminate: true }, status: { phase: 'Successful' } });
      expect(all(release)).toHaveLength(line === 'image' ? 2 : 1);
      expect(release.dog.violations).toEqual([]);
    }
  });

  it('is passed over where it was told to end', async () => {
    const release = await atExperiment({ ...trial, duration: '1h' });
    const [found] = all(release);
    release.cluster.apply('Experiment', {
      ...found,
      spec: { ...found?.spec, terminate: true },
    } as Experiment);
    await release.pass(10 * secondMs);
    expect(release.where()).toBe('Paused 2/3');
  });

  it('is made once, though its rollout is paused when it succeeds', async () => {
    const release = await atExperiment();
    await release.after({ do: 'plugin', line: 'pause' }, 3 * minuteMs);
    expect(all(release).map(({ status }) => status?.phase)).toEqual(['Successful']);
    expect(release.where()).toBe('Paused 1/3');
    await release.command({ verb: 'resume' }, 20 * secondMs);
    expect(release.where()).toBe('Paused 2/3');
    expect(all(release)).toHaveLength(1);
    expect(release.dog.violations).toEqual([]);
  });

  it('is made again where somebody deletes it', async () => {
    const release = await atExperiment();
    const [found] = all(release);
    release.cluster.deleteObject('Experiment', namespace, nameOf(found ?? {}));
    await release.pass(10 * secondMs);
    expect(all(release).map(nameOf)).toEqual([nameOf(found ?? {})]);
  });

  it('is not begun in the first release, which has nothing to be compared with', async () => {
    const release = await openRelease({ strategy: { canary: { steps: steps(trial) } } });
    expect(release.where()).toBe('Healthy 3/3');
    expect(all(release)).toEqual([]);
  });

  it('waits for its own progress, and not for the deadline of the release', async () => {
    const release = await openRelease({
      ...{ progressDeadlineSeconds: 30, progressDeadlineAbort: true },
      strategy: { canary: { steps: steps({ ...trial, duration: '5m' }) } },
    });
    await release.image('web:v2', 2 * minuteMs);
    expect(release.where()).toBe('Progressing 1/3');
    expect(release.status().abort).toBeFalsy();
  });
});

describe('a step that gives weights to the versions of its Experiment', () => {
  const routed: CanaryStrategy = {
    scaleDownDelaySeconds: 2,
    trafficRouting: { istio: { virtualService: { name: 'web' } } },
    steps: [
      { setWeight: 10 },
      {
        experiment: {
          duration: '20s',
          scaleDownDelaySeconds: 0,
          templates: [
            { name: 'baseline', specRef: 'stable', weight: 5, metadata: { labels: { of: 'x' } } },
            { name: 'trial', specRef: 'canary', weight: 15, metadata: { labels: { of: 'y' } } },
          ],
        },
      },
      { pause: {} },
    ],
  };
  const template = (image: string): PodTemplateSpec => ({
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image, ports: [{ containerPort: 8080 }] }] },
  });
  const route = (host: string, weight: number) => ({ destination: { host }, weight });
  const virtualService = {
    spec: { hosts: ['web'], http: [{ route: [route('stable', 100), route('canary', 0)] }] },
  };

  async function open(canary: CanaryStrategy = {}): Promise<Routed> {
    const release = await openRouted(
      { ...routed, ...canary },
      {
        spec: { template: template('web:v1') },
        objects: [['VirtualService', 'web', virtualService]],
      },
    );
    await release.edit('Rollout', 'web', { spec: { template: template('web:v2') } });
    await release.pass(12 * secondMs);
    return release;
  }
  const sent = (release: Routed): Record<string, number> => {
    const { spec } = release.find('VirtualService', 'web') as unknown as typeof virtualService;
    const routes = spec.http[0]?.route ?? [];
    return Object.fromEntries(routes.map((each) => [each.destination.host, each.weight]));
  };

  it('takes them from the stable side while it runs, and gives them back before its pods go', async () => {
    const release = await open();
    const [found] = all(release);
    const [baseline, canary] = (found?.status?.templateStatuses ?? []).map((each) => ({
      serviceName: each.serviceName,
      podTemplateHash: each.podTemplateHash,
    }));
    expect(sent(release)).toEqual({
      ...{ stable: 70, canary: 10 },
      [`${baseline?.serviceName}`]: 5,
      [`${canary?.serviceName}`]: 15,
    });
    expect(release.status().canary?.weights).toMatchObject({
      canary: { weight: 10, serviceName: 'canary' },
      stable: { weight: 70, serviceName: 'stable' },
      additional: [
        { weight: 5, ...baseline },
        { weight: 15, ...canary },
      ],
    });
    const unsafe: string[] = [];
    release.cluster.watch(({ kind, object }) => {
      const name = nameOf(object);
      if (kind !== 'ReplicaSet' || !(name in sent(release))) return;
      if ((object as ReplicaSet).spec?.replicas === 0) unsafe.push(name);
    });
    await release.pass(30 * secondMs);
    expect(release.where()).toBe('Paused 2/3');
    expect(sent(release)).toEqual({ stable: 90, canary: 10 });
    expect(release.status().canary?.weights).not.toHaveProperty('additional');
    const sets = release.cluster.read
      .list('ReplicaSet', namespace)
      .filter(({ metadata }) => metadata?.ownerReferences?.[0]?.kind === 'Experiment');
    expect(sets.map(({ spec }) => spec?.replicas)).toEqual([0, 0]);
    expect(unsafe).toEqual([]);
    expect(release.dog.violations).toEqual([]);
  });

  it('needs no pods of the canary for it', async () => {
    const release = await open({ steps: routed.steps?.slice(1, 2) ?? [] });
    const found = all(release)[0]?.status?.templateStatuses ?? [];
    const [baseline = '', canary = ''] = found.map((each) => each.serviceName);
    expect(sent(release)).toEqual({ stable: 80, canary: 0, [baseline]: 5, [canary]: 15 });
    await release.pass(60 * secondMs);
    expect(release.where()).toBe('Healthy 1/1');
    expect(sent(release)).toEqual({ stable: 100, canary: 0 });
    expect(release.dog.violations).toEqual([]);
  });

  it('gives them back at once where it is aborted', async () => {
    const release = await open();
    await release.after({ do: 'plugin', line: 'abort' }, 20 * secondMs);
    expect(sent(release)).toEqual({ stable: 100, canary: 0 });
    expect(release.dog.violations).toEqual([]);
  });

  it('is refused without a router, and with one that knows two Services only', async () => {
    const { trafficRouting: _, scaleDownDelaySeconds: __, ...plain } = routed;
    const nginx = { ...routed, trafficRouting: { nginx: { stableIngress: 'web' } } };
    for (const canary of [plain, { ...nginx, canaryService: 'c', stableService: 's' }]) {
      expect(
        validate({ spec: { ...valid, strategy: { canary } } }).map(({ path }) => path),
      ).toEqual([
        'spec.strategy.canary.steps[1].experiment.templates[0].weight',
        'spec.strategy.canary.steps[1].experiment.templates[1].weight',
      ]);
    }
  });
});

const valid: RolloutSpec = {
  selector: { matchLabels: { app: 'web' } },
  template: {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'web:v1' }] },
  },
};
